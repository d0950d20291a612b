// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_setup.h"

#include "base/url.h"
#include "sync/declaration.h"

static bool is_web(struct str url)
{
	return (str_starts(url, STR("https://")) || str_starts(url, STR("http://"))) && url_host(url).n > 0;
}

static enum rc check_clients(const struct oauth_setup *s, struct err *err)
{
	struct str rest = str_of(s->clients);

	for (int i = 1; rest.n; i++) {
		struct str client = str_trim(str_cut(&rest, ';'));
		struct str name = str_cut(&client, '=');
		const struct provider *p = registry_find_provider(s->registry, name);
		struct str id = str_cut(&client, ':');

		if (!name.n || !id.n)
			return err_set(
			    err, RC_INVALID, "oauth.clients: entry %d is not provider=id:secret", i);
		if (!p || p->auth.kind != AUTH_OAUTH2)
			return err_set(err, RC_INVALID,
			    "oauth.clients: entry %d names no provider that is declared with OAuth 2", i);
	}
	return RC_OK;
}

static enum rc check_redirect_uris(const struct oauth_setup *s, struct err *err)
{
	struct str rest = str_of(s->redirect_uris);

	if (s->redirect_uri[0] && !is_web(str_of(s->redirect_uri)))
		return err_set(err, RC_INVALID, "oauth.redirect_uri: is no URL");
	for (int i = 1; rest.n; i++) {
		struct str uri = str_trim(str_cut(&rest, ';'));
		struct str name = str_cut(&uri, '=');

		if (!registry_find_provider(s->registry, name))
			return err_set(err, RC_INVALID, "oauth.redirect_uris: entry %d names no provider", i);
		if (!is_web(uri))
			return err_set(err, RC_INVALID, "oauth.redirect_uris: entry %d is no URL", i);
	}
	return RC_OK;
}

static enum rc check_return_to(const struct oauth_setup *s, struct err *err)
{
	struct str rest = str_of(s->return_to);

	for (int i = 1; rest.n; i++) {
		if (!is_web(str_trim(str_cut(&rest, ','))))
			return err_set(err, RC_INVALID, "oauth.return_to: entry %d is no URL", i);
	}
	return RC_OK;
}

/* Whoever is sent away must be able to come back. */
static enum rc check_ways_back(const struct oauth_setup *s, struct err *err)
{
	for (size_t i = 0; i < registry_count(s->registry); i++) {
		const char *name = registry_at(s->registry, i)->name;
		struct oauth_client client;

		if (!oauth_setup_client(s, str_of(name), &client))
			continue;
		if (!s->state_key[0])
			return err_set(err, RC_INVALID, "oauth.clients: needs oauth.state_key, too");
		if (!is_web(client.redirect_uri))
			return err_set(err, RC_INVALID,
			    "oauth.clients: %s needs oauth.redirect_uri, or one in oauth.redirect_uris",
			    name);
	}
	return RC_OK;
}

enum rc oauth_setup_check(const struct oauth_setup *s, struct err *err)
{
	size_t key = strlen(s->state_key);

	if (check_clients(s, err) != RC_OK || check_return_to(s, err) != RC_OK ||
	    check_redirect_uris(s, err) != RC_OK)
		return err->rc;
	if (key > 0 && key < OAUTH_STATE_KEY_MIN)
		return err_set(err, RC_INVALID, "oauth.state_key: must have at least %d characters",
		    OAUTH_STATE_KEY_MIN);
	return check_ways_back(s, err);
}

/* What "name=value;name=value" has for a provider; p NULL: nothing. */
static struct str entry_of(const char *list, struct str provider)
{
	struct str rest = str_of(list);

	while (rest.n) {
		struct str entry = str_trim(str_cut(&rest, ';'));

		if (str_eq(str_cut(&entry, '='), provider))
			return entry;
	}
	return (struct str){0};
}

static const struct oauth_own *own_of(const struct oauth_setup *s, struct str provider)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->own); i++) {
		if (s->own[i].provider && str_is(provider, s->own[i].provider))
			return &s->own[i];
	}
	return NULL;
}

static struct str redirect_uri_of(const struct oauth_setup *s, struct str provider)
{
	struct str uri = entry_of(s->redirect_uris, provider);
	const struct oauth_own *own = own_of(s, provider);

	if (!uri.n && own)
		uri = str_of(own->redirect_uri);
	return uri.n ? uri : str_of(s->redirect_uri);
}

bool oauth_setup_client(const struct oauth_setup *s, struct str provider, struct oauth_client *ret)
{
	struct str client = entry_of(s->clients, provider);
	const struct oauth_own *own = own_of(s, provider);

	ret->redirect_uri = redirect_uri_of(s, provider);
	if (client.n) {
		ret->id = str_cut(&client, ':');
		ret->secret = client;
		return true;
	}
	if (!own || !own->id[0])
		return false;
	ret->id = str_of(own->id);
	ret->secret = str_of(own->secret);
	return true;
}

/* No browser reads these as part of an address; some read a backslash as a slash. */
static bool has_odd_bytes(struct str url)
{
	for (size_t i = 0; i < url.n; i++) {
		if (url.p[i] <= ' ' || url.p[i] > '~' || strchr("\\\"<>^`{|}", url.p[i]))
			return true;
	}
	return false;
}

bool oauth_setup_may_return(const struct oauth_setup *s, struct str url)
{
	struct str rest = str_of(s->return_to);

	if (has_odd_bytes(url))
		return false;
	if (str_starts(url, STR("/")))
		return !str_starts(url, STR("//"));
	while (rest.n) {
		struct str allowed = str_trim(str_cut(&rest, ','));

		if (!allowed.n || !str_starts(url, allowed))
			continue;
		if (url.n == allowed.n || allowed.p[allowed.n - 1] == '/' || strchr("/?#", url.p[allowed.n]))
			return true;
	}
	return false;
}

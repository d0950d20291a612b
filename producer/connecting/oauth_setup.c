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

static enum rc check_return_to(const struct oauth_setup *s, struct err *err)
{
	struct str rest = str_of(s->return_to);

	for (int i = 1; rest.n; i++) {
		if (!is_web(str_trim(str_cut(&rest, ','))))
			return err_set(err, RC_INVALID, "oauth.return_to: entry %d is no URL", i);
	}
	return RC_OK;
}

enum rc oauth_setup_check(const struct oauth_setup *s, struct err *err)
{
	size_t key = strlen(s->state_key);

	if (check_clients(s, err) != RC_OK || check_return_to(s, err) != RC_OK)
		return err->rc;
	if (s->redirect_uri[0] && !is_web(str_of(s->redirect_uri)))
		return err_set(err, RC_INVALID, "oauth.redirect_uri: is no URL");
	if (key > 0 && key < OAUTH_STATE_KEY_MIN)
		return err_set(err, RC_INVALID, "oauth.state_key: must have at least %d characters",
		    OAUTH_STATE_KEY_MIN);
	if (s->clients[0] && (!key || !s->redirect_uri[0]))
		return err_set(
		    err, RC_INVALID, "oauth.clients: needs oauth.state_key and oauth.redirect_uri, too");
	return RC_OK;
}

bool oauth_setup_client(const struct oauth_setup *s, struct str provider, struct oauth_client *ret)
{
	struct str rest = str_of(s->clients);

	while (rest.n) {
		struct str client = str_trim(str_cut(&rest, ';'));

		if (!str_eq(str_cut(&client, '='), provider))
			continue;
		ret->id = str_cut(&client, ':');
		ret->secret = client;
		return true;
	}
	return false;
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
	while (rest.n) {
		struct str allowed = str_trim(str_cut(&rest, ','));

		if (!allowed.n || !str_starts(url, allowed))
			continue;
		if (url.n == allowed.n || allowed.p[allowed.n - 1] == '/' || strchr("/?#", url.p[allowed.n]))
			return true;
	}
	return false;
}

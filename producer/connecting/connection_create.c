// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "oauth_handlers.h"

#include "call.h"
#include "caller.h"
#include "connecting.h"
#include "sync/declaration.h"
#include "sync/secret.h"

static void connecting_free(void *kept)
{
	connecting_done(kept);
	free(kept);
}

static void saved(struct connecting *k, struct reply row)
{
	call_answer(k->call, row);
}

/* The client is the one that the settings name, when the caller names none. */
static json_object *secret_of(const struct call *c, struct str provider)
{
	struct oauth_client client = {
	    .id = call_body_text(c, "client_id"), .secret = call_body_text(c, "client_secret")};

	if (!client.id.p)
		(void)oauth_setup_client(&call_calls(c)->o->oauth, provider, &client);
	return secret_new(
	    call_body_text(c, "access_token"), call_body_text(c, "refresh_token"), client.id, client.secret);
}

static int64_t life_of(const struct call *c)
{
	json_object *life = json_object_object_get(call_body(c), "expires_in");

	if (life)
		return json_object_get_int64(life);
	return call_body_text(c, "access_token").p ? -1 : 0; /* without one, the first task refreshes */
}

static void begin(struct call *c, const struct provider *p)
{
	const struct caller *caller = call_caller(c);
	struct connecting *k = mem_zalloc(sizeof *k);
	struct str external_id = call_body_text(c, "external_id");

	*k = (struct connecting){.call = c,
	    .tenant = caller->tenant,
	    .user = caller->user,
	    .has_user = caller->role != ROLE_SERVICE,
	    .confined = caller_is_confined(caller),
	    .provider = p,
	    .external_id = mem_strndup(external_id.p, external_id.n),
	    .settings = json_object_get(json_object_object_get(call_body(c), "settings")),
	    .secret = secret_of(c, str_of(p->name)),
	    .life_s = life_of(c),
	    .done = saved};
	call_keep(c, k, connecting_free);
	connecting_save(k);
}

void connection_create(struct call *c)
{
	const struct provider *p = registry_find_provider(
	    call_calls(c)->o->oauth.registry, call_body_text(c, "provider"));
	bool access = call_body_text(c, "access_token").p;
	bool refresh = call_body_text(c, "refresh_token").p;

	if (p->auth.kind == AUTH_BEARER && !access)
		call_refuse_field(
		    c, "missing_field", "#/access_token", "this provider needs an access_token");
	else if (p->auth.kind == AUTH_OAUTH2 && !access && !refresh)
		call_refuse_field(c, "missing_field", "#/access_token",
		    "this provider needs an access_token or a refresh_token");
	else
		begin(c, p);
}

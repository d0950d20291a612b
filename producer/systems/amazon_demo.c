// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"

#include "base/json.h"
#include "call.h"
#include "caller.h"
#include "catalog.h"
#include "connecting.h"
#include "statements.h"
#include "sync/declaration.h"
#include "sync/secret.h"

#define REGISTRY_MAX (1u << 20)
#define SELLER "sandbox"
#define SETTINGS "{\"region\": \"sandbox-na\", \"marketplace_ids\": [\"ATVPDKIKX0DER\"]}"

static void kept_free(void *kept)
{
	connecting_done(kept);
	free(kept);
}

/* The parameters of amazon_sync_start.sql, once more: those that the route has bound are gone. */
static void sync_start(struct call *c)
{
	const struct caller *caller = call_caller(c);
	AUTO(buf_done) struct buf registry = BUF(REGISTRY_MAX);
	struct pg_args *a = call_args(c);
	struct uuid id = uuid_new();

	catalog_print(&call_calls(c)->o->catalog, &registry);
	pg_args_clear(a);
	pg_arg_uuid(a, &id);
	pg_arg_uuid(a, &caller->tenant);
	pg_arg_uuid(a, &caller->user);
	pg_arg_text(a, buf_str(&registry));
	pg_arg_null(a);
	call_write(c, &sql_amazon_sync_start, call_answer);
}

static void connected(struct connecting *k, struct reply row)
{
	if (row.status >= 400) {
		call_answer(k->call, row);
		return;
	}
	reply_done(&row);
	sync_start(k->call);
}

static void connect_sandbox(struct call *c, const struct provider *p, const struct oauth_client *client)
{
	const struct caller *caller = call_caller(c);
	struct connecting *k = mem_zalloc(sizeof *k);

	*k = (struct connecting){.call = c,
	    .tenant = caller->tenant,
	    .user = caller->user,
	    .has_user = true,
	    .confined = true,
	    .provider = p,
	    .external_id = mem_strdup(SELLER),
	    .settings = json_tokener_parse(SETTINGS),
	    .secret = secret_new(
	        (struct str){0}, str_of(call_calls(c)->o->amazon_demo_token), client->id, client->secret),
	    .done = connected};
	call_keep(c, k, kept_free);
	connecting_save(k);
}

void amazon_sync_started(struct call *c, struct reply row)
{
	const struct server_options *o = call_calls(c)->o;
	const struct provider *p = registry_find_provider(o->oauth.registry, STR("amazon"));
	struct oauth_client client;
	bool lacks = row.status == 400 && strstr(row.body, "\"amazon_not_connected\"");

	if (!lacks || !call_caller(c)->demo || !o->amazon_demo_token[0] || !p ||
	    !oauth_setup_client(&o->oauth, STR("amazon"), &client)) {
		call_answer(c, row);
		return;
	}
	reply_done(&row);
	connect_sandbox(c, p, &client);
}

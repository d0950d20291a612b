// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "connecting.h"

#include "call.h"
#include "problem.h"
#include "statements.h"
#include "sync/declaration.h"
#include "sync/secret.h"

#define TRIES 3 /* each lost to somebody who connects the same account at the same time */
#define DEPTH 4

void connecting_done(struct connecting *k)
{
	free(k->external_id);
	json_object_put(k->settings);
	json_object_put(k->secret);
}

static void stored(struct call *c, struct reply row);

static void bind(struct connecting *k, struct str sealed)
{
	struct pg_args *a = call_args(k->call);

	pg_args_clear(a);
	pg_arg_uuid(a, &k->connection_id);
	pg_arg_uuid(a, &k->tenant);
	if (k->has_user)
		pg_arg_uuid(a, &k->user);
	else
		pg_arg_null(a);
	pg_arg_bool(a, k->confined);
	pg_arg_text(a, str_of(k->provider->name));
	pg_arg_text(a, str_of(k->external_id));
	pg_arg_text(a,
	    str_of(k->settings ? json_object_to_json_string_ext(k->settings, JSON_C_TO_STRING_PLAIN) : "{}"));
	pg_arg_bytea(a, sealed);
	if (k->life_s >= 0)
		pg_arg_i64(a, k->life_s);
	else
		pg_arg_null(a);
	if (k->statement)
		pg_arg_bool(a, k->own_callback);
}

static void store(struct connecting *k)
{
	struct secret_place place = {call_calls(k->call)->o->keys, k->tenant, k->connection_id};
	AUTO(buf_done) struct buf sealed = BUF(SECRET_MAX);
	struct err err;

	if (secret_seal(&place, k->secret, &sealed, &err) != RC_OK) {
		call_refuse(k->call, 422, "value_refused", err.text);
		return;
	}
	bind(k, buf_str(&sealed));
	call_write(k->call, k->statement ? k->statement : &sql_account_connect, stored);
}

/* {"connection_id": null, or the one that has the account} */
static void found(struct call *c, struct reply row)
{
	struct connecting *k = call_kept(c);

	if (row.status != 200 || !reply_id(&row, DEPTH, "connection_id", &k->connection_id))
		k->connection_id = uuid_new();
	reply_done(&row);
	store(k);
}

static void stored(struct call *c, struct reply row)
{
	struct connecting *k = call_kept(c);

	if (row.status == 409 && strstr(row.body, "\"connection_changed\"") && ++k->tries < TRIES) {
		reply_done(&row);
		k->known = false;
		connecting_save(k);
		return;
	}
	k->done(k, row);
}

void connecting_save(struct connecting *k)
{
	struct pg_args *a = call_args(k->call);

	if (k->known) {
		store(k);
		return;
	}
	pg_args_clear(a);
	pg_arg_uuid(a, &k->tenant);
	pg_arg_text(a, str_of(k->provider->name));
	pg_arg_text(a, str_of(k->external_id));
	call_read(k->call, &sql_account_connection, found);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "auth_private.h"
#include "base/clock.h"
#include "statements.h"

#include <utlist.h>

enum { COL_TENANT, COL_USER };

/* A token whose key may be in a newer key set. */
struct pending {
	struct jwks_wait wait;
	struct auth *auth;
	struct auth_ask *ask;
	char *token;
	struct pending *prev;
	struct pending *next;
};

static void pending_free(struct pending *p)
{
	DL_DELETE(p->auth->pending, p);
	free(p->token);
	free(p);
}

static void on_user_made(struct batch_item *item, const struct err *err)
{
	struct credential *c = CONTAINER_OF(item, struct credential, item);
	bool good = !err && item->reply.status == 200 &&
	            uuid_parse((struct str){item->reply.body, item->reply.body_n}, &c->caller.user);
	struct err no_user = {.rc = RC_IO, .text = "no user was made"};

	reply_done(&item->reply);
	auth_finish(c, good ? NULL : err ? err : &no_user);
}

static void make_user(struct credential *c)
{
	pg_args_clear(&c->item.args);
	pg_arg_uuid(&c->item.args, &c->caller.tenant);
	pg_arg_text(&c->item.args, str_of(c->subject));
	c->item.statement = &sql_user_make;
	c->item.caller = NULL;
	c->item.done = on_user_made;
	batch_add(c->auth->batch, &c->item);
}

static void on_user(void *user, const struct pg_result *res, const struct err *err)
{
	struct credential *c = user;

	if (!err && (pg_rows(res) != 1 || !pg_uuid(res, 0, COL_TENANT, &c->caller.tenant))) {
		credential_refuse(c, jwt_fault_code(JWT_TENANT), jwt_fault_detail(JWT_TENANT));
	} else if (!err && !pg_uuid(res, 0, COL_USER, &c->caller.user)) {
		make_user(c);
		return;
	}
	auth_finish(c, err);
}

static void find_user(struct auth *a, const uint8_t sha256[CRYPTO_SHA256_LEN],
    const struct token_identity *id, int64_t now_s, struct auth_ask *ask)
{
	struct credential *c;
	struct uuid tenant;

	if (!auth_begin(a, sha256, ask, &c))
		return;
	c->caller = (struct caller){.role = id->admin ? ROLE_ADMIN : ROLE_USER,
	    .rights = id->admin ? RIGHTS_OF_ADMIN : RIGHTS_OF_USER,
	    .demo = sha256 == a->demo_key};
	c->subject = mem_strdup(id->subject);
	c->until_ms = MIN(
	    c->until_ms, loop_now_ms(a->loop) + MIN(id->expires_s - now_s, INT32_MAX) * INT64_C(1000));
	pg_args_clear(&a->args);
	bool by_id = uuid_parse(str_of(id->tenant), &tenant);
	if (by_id)
		pg_arg_uuid(&a->args, &tenant);
	else
		pg_arg_null(&a->args);
	pg_arg_text(&a->args, str_of(id->tenant));
	pg_arg_text(&a->args, str_of(id->subject));
	pg_query(a->read, &sql_user_find, &a->args, on_user, c);
}

static void read_token(struct auth *a, struct str token, struct auth_ask *ask, bool may_wait);

static void on_keys(struct jwks_wait *wait)
{
	struct pending *p = CONTAINER_OF(wait, struct pending, wait);
	struct auth *a = p->auth;
	struct auth_ask *ask = p->ask;
	char *token = TAKE(p->token);

	pending_free(p);
	read_token(a, str_of(token), ask, false);
	free(token);
}

/* False when it is too soon to look for new keys. */
static bool wait_for_keys(struct auth *a, struct str token, struct auth_ask *ask)
{
	struct pending *p = mem_zalloc(sizeof *p);

	p->wait.done = on_keys;
	p->auth = a;
	p->ask = ask;
	p->token = mem_strndup(token.p, token.n);
	DL_APPEND(a->pending, p);
	if (tokens_refetch(a->tokens, &p->wait))
		return true;
	pending_free(p);
	return false;
}

static void tell_keys_away(struct auth_ask *ask)
{
	ask->code = "key_set_away";
	ask->detail = "the keys that tokens are verified by could not be fetched yet; try again";
	ask->done(ask, AUTH_AWAY);
}

static void read_token(struct auth *a, struct str token, struct auth_ask *ask, bool may_wait)
{
	int64_t now_s = clock_unix_us() / 1000000;
	uint8_t sha256[CRYPTO_SHA256_LEN];
	struct token_identity id;
	enum jwt_fault fault = tokens_read(a->tokens, token, now_s, &id);

	if (fault == JWT_FINE) {
		crypto_sha256(token, sha256);
		find_user(a, sha256, &id, now_s, ask);
	} else if (fault == JWT_KEY && may_wait && wait_for_keys(a, token, ask))
		return;
	else if (fault == JWT_KEY && tokens_lack_keys(a->tokens))
		tell_keys_away(ask);
	else
		auth_refuse(ask, jwt_fault_code(fault), jwt_fault_detail(fault));
}

/* Verifying a signature costs more than hashing the token: who was here just now is let in by that. */
void auth_check_token(struct auth *a, struct str token, struct auth_ask *ask)
{
	uint8_t sha256[CRYPTO_SHA256_LEN];

	crypto_sha256(token, sha256);
	if (!auth_remembers(a, sha256, ask))
		read_token(a, token, ask, true);
}

void auth_check_demo(struct auth *a, struct auth_ask *ask)
{
	struct token_identity id = {.subject = AUTH_DEMO_USER, .expires_s = INT32_MAX};

	ask->by_cookie = false;
	str_copy(id.tenant, sizeof id.tenant, a->o->demo_tenant);
	if (!auth_remembers(a, a->demo_key, ask))
		find_user(a, a->demo_key, &id, 0, ask);
}

void auth_users_drop(struct auth *a)
{
	struct pending *p;
	struct pending *next;

	DL_FOREACH_SAFE(a->pending, p, next)
	{
		free(p->token);
		free(p);
	}
	a->pending = NULL;
}

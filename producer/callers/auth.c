// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "auth_private.h"
#include "service_key.h"
#include "statements.h"

enum { COL_TENANT, COL_KEY, COL_RIGHTS, COL_EXPIRES_IN_MS };

struct auth *auth_new(struct loop *loop, struct pg *read, struct batch *batch, struct http_client *http,
    const struct auth_options *o)
{
	struct auth *a = mem_zalloc(sizeof *a);

	a->loop = loop;
	a->read = read;
	a->batch = batch;
	a->o = o;
	a->tokens = tokens_new(loop, &o->tokens, http);
	a->args = PG_ARGS;
	crypto_random(a->demo_key, sizeof a->demo_key);
	return a;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	tokens_free(a->tokens);
	auth_users_drop(a);
	credentials_done(&a->credentials);
	pg_args_done(&a->args);
	free(a);
}

/* ---- telling ---- */

void auth_refuse(struct auth_ask *ask, const char *code, const char *detail)
{
	ask->code = code;
	ask->detail = detail;
	ask->done(ask, AUTH_REFUSED);
}

static void tell(const struct credential *c, struct auth_ask *ask)
{
	if (c->code) {
		auth_refuse(ask, c->code, c->detail);
		return;
	}
	ask->caller = c->caller;
	ask->done(ask, AUTH_KNOWN);
}

static void tell_away(struct auth_ask *ask)
{
	ask->code = "database_away";
	ask->detail = "the database cannot be reached; try again";
	ask->done(ask, AUTH_AWAY);
}

void auth_finish(struct credential *c, const struct err *err)
{
	struct auth_ask *ask = c->asks;
	struct credential finding = *c;

	c->asks = NULL;
	c->asking = false;
	free(c->subject);
	c->subject = NULL;
	if (err)
		credentials_forget(&finding.auth->credentials, c);
	while (ask) {
		struct auth_ask *next = ask->next;

		if (err)
			tell_away(ask);
		else
			tell(&finding, ask);
		ask = next;
	}
}

bool auth_remembers(struct auth *a, const uint8_t sha256[CRYPTO_SHA256_LEN], struct auth_ask *ask)
{
	const struct credential *c = credentials_find(&a->credentials, sha256);

	if (!c || c->asking || c->until_ms <= loop_now_ms(a->loop))
		return false;
	tell(c, ask);
	return true;
}

bool auth_begin(
    struct auth *a, const uint8_t sha256[CRYPTO_SHA256_LEN], struct auth_ask *ask, struct credential **ret)
{
	struct credential *c = credentials_get(&a->credentials, sha256);

	ask->next = c->asks;
	c->asks = ask;
	if (c->asking)
		return false;
	c->auth = a;
	c->asking = true;
	c->code = NULL;
	c->until_ms = loop_now_ms(a->loop) + a->o->remember_ms;
	*ret = c;
	return true;
}

/* ---- service keys ---- */

static void learn_key(struct credential *c, const struct pg_result *res)
{
	c->caller = (struct caller){.role = ROLE_SERVICE};
	if (pg_rows(res) != 1 || !pg_uuid(res, 0, COL_TENANT, &c->caller.tenant) ||
	    !pg_uuid(res, 0, COL_KEY, &c->caller.key)) {
		credential_refuse(c, "unknown_key", "the service key is unknown or was revoked");
		return;
	}
	c->caller.rights = rights_parse(pg_str(res, 0, COL_RIGHTS));
	if (pg_is_null(res, 0, COL_EXPIRES_IN_MS))
		return;
	int64_t left_ms = pg_i64(res, 0, COL_EXPIRES_IN_MS);
	if (left_ms <= 0)
		credential_refuse(c, "expired_key", "the service key has expired");
	else
		c->until_ms = MIN(c->until_ms, loop_now_ms(c->auth->loop) + left_ms);
}

static void on_key(void *user, const struct pg_result *res, const struct err *err)
{
	struct credential *c = user;

	if (!err)
		learn_key(c, res);
	auth_finish(c, err);
}

static void check_key(struct auth *a, struct str key, struct auth_ask *ask)
{
	uint8_t sha256[CRYPTO_SHA256_LEN];
	struct credential *c;

	crypto_sha256(key, sha256);
	if (auth_remembers(a, sha256, ask) || !auth_begin(a, sha256, ask, &c))
		return;
	pg_args_clear(&a->args);
	pg_arg_bytea(&a->args, (struct str){(const char *)sha256, sizeof sha256});
	pg_query(a->read, &sql_key_find, &a->args, on_key, c);
}

/* ---- what was sent ---- */

/* The cookie's value; p NULL: there is none. Of several the first, which browsers send of the longest path.
 */
static struct str find_cookie(struct str cookies, struct str name)
{
	struct str rest = cookies;

	while (rest.n) {
		struct str value = str_trim(str_cut(&rest, ';'));
		struct str key = str_cut(&value, '=');

		if (str_eq(key, name) && value.n)
			return value;
	}
	return (struct str){NULL, 0};
}

void auth_check(struct auth *a, struct str authorization, struct str cookies, struct auth_ask *ask)
{
	struct str secret = authorization;
	bool bearer = authorization.p && str_eq_nocase(str_cut(&secret, ' '), STR("Bearer"));

	ask->by_cookie = !authorization.p;
	secret = authorization.p ? str_trim(secret) : find_cookie(cookies, STR(AUTH_COOKIE));
	if (ask->demo && a->o->demo_tenant[0] && !authorization.p && !secret.n)
		auth_check_demo(a, ask);
	else if (bearer && service_key_looks_like(secret))
		check_key(a, secret, ask);
	else if (a->tokens && secret.n && (bearer || ask->by_cookie) && !str_starts(secret, STR("sfk_")))
		auth_check_token(a, secret, ask);
	else
		auth_refuse(ask, "missing_key",
		    a->tokens ? "send Authorization: Bearer with a service key (sfk_...) or a user's token"
		              : "send Authorization: Bearer with a service key (sfk_...)");
}

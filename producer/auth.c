// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "auth.h"
#include "base/clock.h"
#include "credentials.h"
#include "io/crypto.h"
#include "service_key.h"
#include "statements.h"

#include <utlist.h>

enum { COL_TENANT, COL_KEY, COL_RIGHTS, COL_EXPIRES_IN_MS };
enum { COL_USER = 1 };

/* A token whose key may be in a newer key set. */
struct pending {
	struct jwks_wait wait;
	struct auth *auth;
	struct auth_ask *ask;
	char *token;
	struct pending *prev;
	struct pending *next;
};

struct auth {
	struct loop *loop;
	struct pg *read;
	struct batch *batch;
	const struct auth_options *o;
	struct tokens *tokens; /* NULL: none is taken */
	struct credentials credentials;
	struct pending *pending;
	struct pg_args args;
};

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
	return a;
}

static void pending_free(struct pending *p)
{
	DL_DELETE(p->auth->pending, p);
	free(p->token);
	free(p);
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	tokens_free(a->tokens);
	while (a->pending)
		pending_free(a->pending);
	credentials_done(&a->credentials);
	pg_args_done(&a->args);
	free(a);
}

/* ---- telling ---- */

static void refuse(struct auth_ask *ask, const char *code, const char *detail)
{
	ask->code = code;
	ask->detail = detail;
	ask->done(ask, AUTH_REFUSED);
}

static void tell(const struct credential *c, struct auth_ask *ask)
{
	if (c->code) {
		refuse(ask, c->code, c->detail);
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

/* Everybody who waits gets the finding; a failed question leaves none. */
static void finish(struct credential *c, const struct err *err)
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

/* Answers from memory, or waits with others; true when the question is the caller's to ask. */
static bool begin(
    struct auth *a, const uint8_t sha256[CRYPTO_SHA256_LEN], struct auth_ask *ask, struct credential **ret)
{
	struct credential *c = credentials_get(&a->credentials, sha256);

	if (!c->asking && c->until_ms > loop_now_ms(a->loop)) {
		tell(c, ask);
		return false;
	}
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

static void set_refused(struct credential *c, const char *code, const char *detail)
{
	c->code = code;
	c->detail = detail;
}

/* ---- service keys ---- */

static void learn_key(struct credential *c, const struct pg_result *res)
{
	c->caller = (struct caller){.role = ROLE_SERVICE};
	if (pg_rows(res) != 1 || !pg_uuid(res, 0, COL_TENANT, &c->caller.tenant) ||
	    !pg_uuid(res, 0, COL_KEY, &c->caller.key)) {
		set_refused(c, "unknown_key", "the service key is unknown or was revoked");
		return;
	}
	c->caller.rights = rights_parse(pg_str(res, 0, COL_RIGHTS));
	if (pg_is_null(res, 0, COL_EXPIRES_IN_MS))
		return;
	int64_t left_ms = pg_i64(res, 0, COL_EXPIRES_IN_MS);
	if (left_ms <= 0)
		set_refused(c, "expired_key", "the service key has expired");
	else
		c->until_ms = MIN(c->until_ms, loop_now_ms(c->auth->loop) + left_ms);
}

static void on_key(void *user, const struct pg_result *res, const struct err *err)
{
	struct credential *c = user;

	if (!err)
		learn_key(c, res);
	finish(c, err);
}

static void check_key(struct auth *a, struct str key, struct auth_ask *ask)
{
	uint8_t sha256[CRYPTO_SHA256_LEN];
	struct credential *c;

	crypto_sha256(key, sha256);
	if (!begin(a, sha256, ask, &c))
		return;
	pg_args_clear(&a->args);
	pg_arg_bytea(&a->args, (struct str){(const char *)sha256, sizeof sha256});
	pg_query(a->read, &sql_key_find, &a->args, on_key, c);
}

/* ---- users ---- */

static void on_user_made(struct batch_item *item, const struct err *err)
{
	struct credential *c = CONTAINER_OF(item, struct credential, item);
	bool good = !err && item->reply.status == 200 &&
	            uuid_parse((struct str){item->reply.body, item->reply.body_n}, &c->caller.user);
	struct err no_user = {.rc = RC_IO, .text = "no user was made"};

	reply_done(&item->reply);
	finish(c, good ? NULL : err ? err : &no_user);
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

	if (!err && (pg_rows(res) != 1 || !pg_uuid(res, 0, COL_TENANT, &c->caller.tenant)))
		set_refused(c, jwt_fault_code(JWT_TENANT), jwt_fault_detail(JWT_TENANT));
	else if (!err && pg_is_null(res, 0, COL_USER)) {
		make_user(c);
		return;
	} else if (!err && !pg_uuid(res, 0, COL_USER, &c->caller.user))
		abort(); /* a column of type uuid */
	finish(c, err);
}

static void find_user(
    struct auth *a, struct str token, const struct token_identity *id, int64_t now_s, struct auth_ask *ask)
{
	uint8_t sha256[CRYPTO_SHA256_LEN];
	struct credential *c;
	struct uuid tenant;

	crypto_sha256(token, sha256);
	if (!begin(a, sha256, ask, &c))
		return;
	c->caller = (struct caller){.role = id->admin ? ROLE_ADMIN : ROLE_USER,
	    .rights = id->admin ? RIGHTS_OF_ADMIN : RIGHTS_OF_USER};
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

static void check_token(struct auth *a, struct str token, struct auth_ask *ask, bool may_wait);

static void on_keys(struct jwks_wait *wait)
{
	struct pending *p = CONTAINER_OF(wait, struct pending, wait);
	struct auth *a = p->auth;
	struct auth_ask *ask = p->ask;
	char *token = TAKE(p->token);

	pending_free(p);
	check_token(a, str_of(token), ask, false);
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

static void check_token(struct auth *a, struct str token, struct auth_ask *ask, bool may_wait)
{
	int64_t now_s = clock_unix_us() / 1000000;
	struct token_identity id;
	enum jwt_fault fault = tokens_read(a->tokens, token, now_s, &id);

	if (fault == JWT_FINE) {
		find_user(a, token, &id, now_s, ask);
	} else if (fault != JWT_KEY || !may_wait || !wait_for_keys(a, token, ask)) {
		ask->code = jwt_fault_code(fault);
		ask->detail = jwt_fault_detail(fault);
		if (fault == JWT_KEY && tokens_lack_keys(a->tokens)) {
			ask->code = "key_set_away";
			ask->detail =
			    "the keys that tokens are verified by could not be fetched yet; try again";
			ask->done(ask, AUTH_AWAY);
			return;
		}
		ask->done(ask, AUTH_REFUSED);
	}
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
	if (bearer && service_key_looks_like(secret))
		check_key(a, secret, ask);
	else if (a->tokens && secret.n && (bearer || ask->by_cookie) && !str_starts(secret, STR("sfk_")))
		check_token(a, secret, ask, true);
	else
		refuse(ask, "missing_key",
		    a->tokens ? "send Authorization: Bearer with a service key (sfk_...) or a user's token"
		              : "send Authorization: Bearer with a service key (sfk_...)");
}

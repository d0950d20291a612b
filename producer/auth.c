// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "auth.h"
#include "base/hash.h"
#include "io/crypto.h"
#include "service_key.h"
#include "statements.h"

enum { COL_TENANT, COL_KEY, COL_RIGHTS, COL_EXPIRES_IN_MS };

struct key {
	uint8_t sha256[CRYPTO_SHA256_LEN];
	struct auth *auth;
	struct auth_ask *asks; /* waiting while the database is asked */
	bool asking;
	enum auth_verdict verdict;
	struct caller caller;
	int64_t until_ms;
	UT_hash_handle hh;
};

struct auth {
	struct loop *loop;
	struct pg *pg;
	struct key *keys; /* uthash keeps the order of insertion: the oldest come first */
	struct pg_args args;
};

struct auth *auth_new(struct loop *loop, struct pg *pg)
{
	struct auth *a = mem_zalloc(sizeof *a);

	a->loop = loop;
	a->pg = pg;
	a->args = PG_ARGS;
	return a;
}

static void key_forget(struct auth *a, struct key *key)
{
	HASH_DEL(a->keys, key); // NOLINT(clang-analyzer-unix.Malloc): the analyzer loses uthash's list
	free(key);
}

void auth_free(struct auth *a)
{
	struct key *key;
	struct key *next;

	if (!a)
		return;
	HASH_FREE(a->keys, key, next, free);
	pg_args_done(&a->args);
	free(a);
}

/* The oldest that is not being asked for makes room. */
static void make_room(struct auth *a)
{
	struct key *key;
	struct key *next;

	if (HASH_COUNT(a->keys) < AUTH_KEYS_MAX)
		return;
	HASH_ITER(hh, a->keys, key, next)
	{
		if (key->asking)
			continue;
		key_forget(a, key);
		return;
	}
}

static struct key *key_get(struct auth *a, const uint8_t sha256[CRYPTO_SHA256_LEN])
{
	struct key *key;

	HASH_FIND(hh, a->keys, sha256, CRYPTO_SHA256_LEN, key);
	if (key)
		return key;
	make_room(a);
	key = mem_zalloc(sizeof *key);
	memcpy(key->sha256, sha256, CRYPTO_SHA256_LEN);
	key->auth = a;
	HASH_ADD(hh, a->keys, sha256, CRYPTO_SHA256_LEN, key); // NOLINT(clang-analyzer-unix.Malloc): as above
	return key;
}

static void tell(const struct key *key, struct auth_ask *ask)
{
	ask->caller = key->caller;
	ask->done(ask, key->verdict);
}

/* What the database says of a key holds for a while, but not beyond the key's own end. */
static void learn(struct key *key, const struct pg_result *res)
{
	int64_t now_ms = loop_now_ms(key->auth->loop);

	key->until_ms = now_ms + AUTH_REMEMBER_MS;
	key->caller = (struct caller){.role = ROLE_SERVICE};
	if (pg_rows(res) != 1 || !pg_uuid(res, 0, COL_TENANT, &key->caller.tenant) ||
	    !pg_uuid(res, 0, COL_KEY, &key->caller.key)) {
		key->verdict = AUTH_UNKNOWN;
		return;
	}
	key->caller.rights = rights_parse(pg_str(res, 0, COL_RIGHTS));
	key->verdict = AUTH_KNOWN;
	if (pg_is_null(res, 0, COL_EXPIRES_IN_MS))
		return;
	int64_t left_ms = pg_i64(res, 0, COL_EXPIRES_IN_MS);
	if (left_ms <= 0)
		key->verdict = AUTH_EXPIRED;
	else
		key->until_ms = MIN(key->until_ms, now_ms + left_ms);
}

static void on_answer(void *user, const struct pg_result *res, const struct err *err)
{
	struct key *key = user;
	struct auth *a = key->auth;
	struct auth_ask *ask = key->asks;
	struct key answer;

	key->asks = NULL;
	key->asking = false;
	if (!err)
		learn(key, res);
	answer = *key;
	if (err)
		key_forget(a, key);
	while (ask) {
		struct auth_ask *next = ask->next;

		if (err)
			ask->done(ask, AUTH_AWAY);
		else
			tell(&answer, ask);
		ask = next;
	}
}

/* The key in the header; p NULL when there is none of its form. */
static struct str bearer_key(struct str header)
{
	struct str rest = header;
	struct str scheme = header.p ? str_cut(&rest, ' ') : header;
	struct str key = header.p ? str_trim(rest) : header;
	bool ok = header.p && str_eq_nocase(scheme, STR("Bearer")) && service_key_looks_like(key);

	return ok ? key : (struct str){NULL, 0};
}

void auth_check(struct auth *a, struct str header, struct auth_ask *ask)
{
	struct str secret = bearer_key(header);
	uint8_t sha256[CRYPTO_SHA256_LEN];

	if (!secret.p) {
		ask->done(ask, AUTH_MISSING);
		return;
	}
	crypto_sha256(secret, sha256);
	struct key *key = key_get(a, sha256);
	if (!key->asking && key->until_ms > loop_now_ms(a->loop)) {
		tell(key, ask);
		return;
	}
	ask->next = key->asks;
	key->asks = ask;
	if (key->asking)
		return;
	key->asking = true;
	pg_args_clear(&a->args);
	pg_arg_bytea(&a->args, (struct str){(const char *)sha256, sizeof sha256});
	pg_query(a->pg, &sql_key_find, &a->args, on_answer, key);
}

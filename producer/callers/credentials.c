// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "credentials.h"

static void release(struct credential *one)
{
	pg_args_done(&one->item.args);
	reply_done(&one->item.reply);
	free(one->subject);
	free(one);
}

void credentials_forget(struct credentials *c, struct credential *one)
{
	HASH_DEL(c->table, one); // NOLINT(clang-analyzer-unix.Malloc): the analyzer loses uthash's list
	release(one);
}

void credentials_done(struct credentials *c)
{
	struct credential *one;
	struct credential *next;

	HASH_FREE(c->table, one, next, release);
}

/* The oldest that is not being asked for makes room. */
static void make_room(struct credentials *c)
{
	struct credential *one;
	struct credential *next;

	if (HASH_COUNT(c->table) < CREDENTIALS_MAX)
		return;
	HASH_ITER(hh, c->table, one, next)
	{
		if (one->asking)
			continue;
		credentials_forget(c, one);
		return;
	}
}

struct credential *credentials_find(const struct credentials *c, const uint8_t sha256[CRYPTO_SHA256_LEN])
{
	struct credential *one;

	HASH_FIND(hh, c->table, sha256, CRYPTO_SHA256_LEN, one);
	return one;
}

void credential_refuse(struct credential *one, const char *code, const char *detail)
{
	one->code = code;
	one->detail = detail;
}

struct credential *credentials_get(struct credentials *c, const uint8_t sha256[CRYPTO_SHA256_LEN])
{
	struct credential *one = credentials_find(c, sha256);

	if (one)
		return one;
	make_room(c);
	one = mem_zalloc(sizeof *one);
	memcpy(one->sha256, sha256, CRYPTO_SHA256_LEN);
	one->item.args = PG_ARGS;
	// NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as above
	HASH_ADD(hh, c->table, sha256, CRYPTO_SHA256_LEN, one);
	return one;
}

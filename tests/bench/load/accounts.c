// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "accounts.h"

#include <errno.h>

#define LINE_MAX_BYTES 64

/* The last eight bytes of a UUID are random. */
static size_t slot_of(const struct accounts *accounts, const struct uuid *id)
{
	uint64_t word;

	memcpy(&word, id->b + 8, sizeof word);
	return (size_t)(word >> 7) & accounts->mask;
}

static void index_all(struct accounts *accounts)
{
	size_t size = 16;

	while (size < accounts->n * 2)
		size *= 2;
	accounts->mask = size - 1;
	accounts->index = mem_array(size, sizeof *accounts->index);
	for (size_t i = 0; i < accounts->n; i++) {
		size_t slot = slot_of(accounts, &accounts->at[i].connection_id);

		while (accounts->index[slot])
			slot = (slot + 1) & accounts->mask;
		accounts->index[slot] = (uint32_t)i + 1;
	}
}

static enum rc read_lines(struct accounts *accounts, FILE *file, struct err *err)
{
	char line[LINE_MAX_BYTES];
	size_t cap = 0;

	while (fgets(line, sizeof line, file)) {
		struct uuid id;

		if (!uuid_parse(str_trim(str_of(line)), &id))
			return err_set(err, RC_INVALID, "line %zu is no connection id", accounts->n + 1);
		if (accounts->n == cap) {
			cap = MAX(1024, cap * 2);
			accounts->at = mem_realloc(accounts->at, cap * sizeof *accounts->at);
		}
		accounts->at[accounts->n++] = (struct account){.connection_id = id};
	}
	return accounts->n ? RC_OK : err_set(err, RC_INVALID, "no connection ids");
}

enum rc accounts_read(struct accounts *accounts, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");

	*accounts = (struct accounts){0};
	if (!file)
		return err_set(err, RC_NOT_FOUND, "%s: %s", path, strerror(errno));
	enum rc rc = read_lines(accounts, file, err);
	fclose(file);
	if (rc != RC_OK)
		return err_prefix(err, "%s", path);
	index_all(accounts);
	accounts->idle = mem_array(accounts->n, sizeof *accounts->idle);
	for (size_t i = 0; i < accounts->n; i++)
		accounts->idle[i] = (uint32_t)i;
	accounts->nidle = accounts->n;
	return RC_OK;
}

void accounts_done(struct accounts *accounts)
{
	free(accounts->at);
	free(accounts->index);
	free(accounts->idle);
}

struct account *accounts_find(struct accounts *accounts, const struct uuid *connection_id)
{
	size_t slot = slot_of(accounts, connection_id);

	for (; accounts->index[slot]; slot = (slot + 1) & accounts->mask) {
		struct account *account = &accounts->at[accounts->index[slot] - 1];

		if (uuid_eq(&account->connection_id, connection_id))
			return account;
	}
	return NULL;
}

struct account *accounts_take(struct accounts *accounts)
{
	if (!accounts->nidle)
		return NULL;
	struct account *account = &accounts->at[accounts->idle[accounts->first]];
	accounts->first = (accounts->first + 1) % accounts->n;
	accounts->nidle--;
	*account = (struct account){.connection_id = account->connection_id, .busy = true};
	return account;
}

void accounts_give_back(struct accounts *accounts, struct account *account)
{
	size_t last = (accounts->first + accounts->nidle) % accounts->n;

	account->busy = false;
	accounts->idle[last] = (uint32_t)(account - accounts->at);
	accounts->nidle++;
}

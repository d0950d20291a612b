// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "account.h"
#include "amazon_set.h"
#include "dial.h"
#include "google_state.h"
#include "highlevel.h"
#include "limit.h"
#include "zoho_set.h"

#include <ctype.h>

#define FIRST_CREATED_S INT64_C(1704067200) /* 2024-01-01T00:00:00Z */
#define CREATED_STEP_S 7                    /* ten million records end in spring 2026 */
#define FIRST_EDIT_S 3600
#define SETTLED_S 259200   /* no record that ages with its account is younger when that is made */
#define TOKEN_LIFE_S 86399 /* what PracticePanther says: 24 h less a second */
#define RECORDS_MAX (UINT64_C(1) << 28) /* an id begins with its record's index in 28 bits */
#define NUMBERS 100000

bool account_name_ok(struct str name)
{
	if (name.n == 0 || name.n > ACCOUNT_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!isalnum((unsigned char)name.p[i]) && !strchr("_.@-", name.p[i]))
			return false;
	return true;
}

static unsigned trailing_number(struct str name)
{
	unsigned value = 0;
	size_t at = name.n;

	while (at && isdigit((unsigned char)name.p[at - 1]))
		at--;
	for (; at < name.n; at++)
		value = (value * 10 + (unsigned)(name.p[at] - '0')) % NUMBERS;
	return value;
}

struct account *account_get(struct accounts *all, struct str name)
{
	struct account *a;

	HASH_FIND(hh, all->by_name, name.p, name.n, a);
	if (a)
		return a;
	a = mem_zalloc(sizeof *a);
	memcpy(a->name, name.p, name.n);
	a->salt = XXH3_64bits_withSeed(name.p, name.n, all->seed);
	a->number = trailing_number(name);
	a->expires_in_s = TOKEN_LIFE_S;
	a->generation = 1;
	a->revisions[0] = (struct revision){.number = 1, .every = 1};
	a->revision_count = 1;
	a->token = 1;
	a->token_at_ms = clock_unix_us() / 1000;
	a->issued_ms[1] = a->token_at_ms;
	a->made_s = a->token_at_ms / 1000;
	zoho_defaults(a);
	amazon_defaults(a);
	highlevel_defaults(a);
	HASH_ADD(hh, all->by_name, name, name.n, a);
	return a;
}

struct account *account_find(struct accounts *all, struct str name)
{
	struct account *a;

	if (all->on_demand && account_name_ok(name))
		return account_get(all, name);
	HASH_FIND(hh, all->by_name, name.p, name.n, a);
	return a;
}

struct resource *resource_get(struct accounts *all, struct account *account, struct str name)
{
	struct resource *r;

	name.n = MIN(name.n, (size_t)RESOURCE_NAME_MAX);
	for (r = account->resources; r; r = r->next)
		if (str_is(name, r->name))
			return r;
	r = mem_zalloc(sizeof *r);
	memcpy(r->name, name.p, name.n);
	r->records = all->default_records;
	r->calls = str_is(name, HIGHLEVEL_CALLS);
	r->next = account->resources;
	account->resources = r;
	return r;
}

int64_t account_now_s(const struct account *account)
{
	return (clock_unix_us() + 999999) / 1000000 + account->clock_skew_s - account->amazon.backdate_s;
}

enum rc resource_resize(struct account *account, struct resource *resource, uint64_t records, struct err *err)
{
	if (records > RECORDS_MAX)
		return err_set(err, RC_INVALID, "records.%s: at most %" PRIu64, resource->name, RECORDS_MAX);
	if (resource->sized && records > resource->records) {
		if (resource->birth_count == BIRTHS_MAX)
			return err_set(
			    err, RC_LIMIT, "records.%s: grew %d times already", resource->name, BIRTHS_MAX);
		resource->births[resource->birth_count++] = (struct birth){
		    resource->records, account_now_s(account)};
	}
	while (resource->birth_count && resource->births[resource->birth_count - 1].from >= records)
		resource->birth_count--;
	resource->records = records;
	resource->sized = true;
	account->generation++;
	return RC_OK;
}

/* Where index i is among those removed, or would be. */
static size_t removed_place(const struct resource *r, uint64_t i)
{
	size_t low = 0;
	size_t high = r->removed_n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->removed[middle].i < i)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool resource_lacks(const struct resource *r, uint64_t i)
{
	size_t at = removed_place(r, i);

	return at < r->removed_n && r->removed[at].i == i;
}

void resource_remove(struct account *account, struct resource *r, uint64_t i)
{
	size_t at = removed_place(r, i);

	if (i >= r->records || resource_lacks(r, i))
		return;
	r->removed = mem_realloc(r->removed, (r->removed_n + 1) * sizeof *r->removed);
	memmove(r->removed + at + 1, r->removed + at, (r->removed_n - at) * sizeof *r->removed);
	r->removed[at] = (struct removal){(uint32_t)i, account_now_s(account)};
	r->removed_n++;
	account->generation++;
}

void resource_restore(struct account *account, struct resource *r, uint64_t i)
{
	size_t at = removed_place(r, i);

	if (!resource_lacks(r, i))
		return;
	r->removed_n--;
	memmove(r->removed + at, r->removed + at + 1, (r->removed_n - at) * sizeof *r->removed);
	account->generation++;
}

uint64_t resource_count(const struct resource *r)
{
	return r->records - removed_place(r, r->records);
}

enum rc account_revise(struct account *account, const struct revision *revision, struct err *err)
{
	uint32_t now = account->revisions[account->revision_count - 1].number;

	if (revision->number == now)
		return RC_OK;
	if (revision->number < now)
		return err_set(err, RC_INVALID, "version: is %u already and only grows", now);
	if (account->revision_count == REVISIONS_MAX)
		return err_set(err, RC_LIMIT, "version: changed %d times already", REVISIONS_MAX);
	account->revisions[account->revision_count++] = *revision;
	account->generation++;
	return RC_OK;
}

static void account_free(struct account *a)
{
	for (struct resource *r = a->resources, *next; r; r = next) {
		next = r->next;
		for (size_t i = 0; i < VIEWS_MAX; i++)
			free(r->views[i].index);
		free(r->removed);
		free(r);
	}
	dials_clear(a);
	limits_clear(&a->limits);
	google_free(a->google);
	free(a);
}

void accounts_done(struct accounts *all)
{
	struct account *a;
	struct account *next;

	HASH_FREE(all->by_name, a, next, account_free);
}

struct times record_times(const struct account *account, const struct resource *resource, uint64_t i)
{
	struct times t = {.created_s = FIRST_CREATED_S + (int64_t)i * CREATED_STEP_S};

	if (resource->step_s)
		t.created_s = MIN(
		    resource->first_s + (int64_t)i * resource->step_s, account->made_s - SETTLED_S);
	if (resource->calls)
		t.created_s = highlevel_made_s(account, i);
	t.updated_s = t.created_s + FIRST_EDIT_S;
	for (unsigned k = resource->birth_count; k-- > 0;) {
		if (i < resource->births[k].from)
			continue;
		t.created_s = t.updated_s = resource->births[k].born_s;
		break;
	}
	for (unsigned k = account->revision_count; k-- > 0;) {
		const struct revision *r = &account->revisions[k];

		if (r->every == 0 || i % r->every != 0)
			continue;
		t.revision = r->number;
		t.updated_s = MAX(t.updated_s, r->changed_s);
		break;
	}
	return t;
}

// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Accounts: how many records each resource has, how they changed, and the tokens. Record `i` of a resource is
 * a pure function of (seed, account, resource, i) and of the account's history: its revisions and the births
 * of its records.
 */
#include "base/base.h"
#include "base/hash.h"

#define ACCOUNT_NAME_MAX 64
#define RESOURCE_NAME_MAX 40
#define REVISIONS_MAX 64
#define BIRTHS_MAX 64
#define VIEWS_MAX 2

struct account;
struct dial;
struct limit;
struct google;

/* Every `every`-th record (index divisible by it) got a new content at `changed_s`. */
struct revision {
	uint32_t number;
	uint32_t every; /* 0: none */
	int64_t changed_s;
};

/* The records from index `from` on appeared at `born_s`, after the account was made. */
struct birth {
	uint64_t from;
	int64_t born_s;
};

/* A record that is gone: shown by no list, but by a feed of deletions. */
struct removal {
	uint32_t i;
	int64_t removed_s;
};

enum order {
	ORDER_NONE, /* what a provider serves that promises no order: stable, but not by id */
	ORDER_ID,
	ORDER_UPDATED,
};

/* Which records a request is about, and in which order. */
struct selection {
	enum order order;
	bool descending;
	int64_t updated_since_us;  /* INT64_MIN: all */
	int64_t updated_before_us; /* 0: all */
	uint64_t parents;          /* so many lists share the records, by turns; 0: there is one */
	uint64_t parent;           /* which of them */
	int64_t created_since_us;
	int64_t created_before_us;                               /* 0: all */
	bool (*keep)(const struct account *account, uint64_t i); /* NULL: all */
};

#define TOKENS_LIVE_MAX                                                                                      \
	15 /* access tokens of one grant that are good at once, where the API keeps old ones */
#define GRANTS_MAX 64

#define ZOHO_MADE_MAX 16
#define ZOHO_NAME_MAX 64

/* A field that a caller made. */
struct zoho_made {
	char module[ZOHO_NAME_MAX];
	char label[ZOHO_NAME_MAX];
	char type[ZOHO_NAME_MAX];
};

/* What is Zoho's alone. */
struct zoho_settings {
	int64_t utc_offset_s; /* the organisation's times */
	int64_t page_cap;     /* records that `page` leads to */
	int64_t token_cap;    /* records that page_token leads to */
	int64_t page_token_life_s;
	int64_t tokens_max; /* access tokens in tokens_window_s */
	int64_t tokens_window_s;
	bool revoked;                   /* the grant was withdrawn */
	char data_centre[8];            /* the end of its hosts: com, eu */
	int64_t granted_ms[GRANTS_MAX]; /* unix; when the last tokens were issued */
	unsigned grants;
	struct zoho_made made[ZOHO_MADE_MAX];
	unsigned made_n;
	char
	    hidden[ZOHO_NAME_MAX]; /* resource of a module that the account's user may not see; empty: none */
};

/* The operations that have a usage plan and tokens of their own. */
enum amazon_operation {
	AMAZON_ORDERS,
	AMAZON_ITEMS,
	AMAZON_FINANCES,
	AMAZON_TRANSACTIONS,
	AMAZON_INVENTORY,
	AMAZON_SELLERS,
	AMAZON_OPERATIONS
};

/* What is Amazon's alone. */
struct amazon_settings {
	int64_t days;       /* its oldest records are so old when the account is made, */
	int64_t step_s;     /*   and one comes after the other; none is younger than three days */
	int64_t backdate_s; /* what is born or changes from now on is dated so long before */
	int64_t life_s[AMAZON_OPERATIONS]; /* of page tokens */
	int64_t silent_tokens;             /* a dead finances token answers 200 with nothing */
	int64_t empty_every;               /* every so many pages one is empty, with a token; 0: none */
	int64_t usage_plans;               /* calls beyond them are refused */
	int64_t texts;                     /* numbers and flags come as texts, as they do at times */
	int64_t buyers;                    /* buyers are shown to everybody */
	int64_t revoked;                   /* the seller has removed the application */
	int64_t deferred_released;         /* what was deferred is paid out */
	int64_t safet_cents;               /* what each SAFE-T claim brings; 0: as it comes */
	double tokens[AMAZON_OPERATIONS];  /* of the usage plans' buckets */
	int64_t filled_ms[AMAZON_OPERATIONS];
};

/* How often its token endpoint says which location it is. */
enum location_told { LOCATION_SOMETIMES, LOCATION_ALWAYS, LOCATION_NEVER };

/* What is HighLevel's alone. */
struct highlevel_settings {
	int64_t first_at_s; /* when the first call was made, */
	int64_t every_s;    /* and how long after each the next one */
	int64_t rate_max;   /* calls of its API in rate_ms */
	int64_t rate_ms;
	int64_t daily_max;
	bool camel;    /* the old token endpoint answers in the words of v3 */
	bool paused;   /* the location is not active, for the time being */
	bool revoked;  /* somebody has removed the application */
	bool unscoped; /* the grant lacks the scope of the call logs */
	enum location_told location;
	int64_t interval_began_ms; /* by the monotonic clock */
	int64_t calls;             /* in it */
	int64_t calls_of_day;
};

#define SELECT_ALL ((struct selection){.updated_since_us = INT64_MIN, .created_since_us = INT64_MIN})

/* The selected records of a resource; `index` is NULL where position and index are the same or nearly so. */
struct view {
	struct selection of;
	uint64_t generation; /* of the account, when this was made; 0: unused */
	uint64_t n;
	uint32_t *index;
};

struct resource {
	char name[RESOURCE_NAME_MAX + 1];
	uint64_t records;
	bool sized;      /* somebody set `records` */
	int64_t first_s; /* when the first record was made, and the time between two; 0: as all */
	int64_t step_s;
	bool calls;          /* HighLevel's: made as its settings say */
	uint64_t last_start; /* where the last page began */
	struct birth births[BIRTHS_MAX];
	unsigned birth_count;
	struct removal *removed; /* in the order of their indexes */
	size_t removed_n;
	struct view views[VIEWS_MAX];
	unsigned view_next;
	struct resource *next;
};

struct account {
	char name[ACCOUNT_NAME_MAX + 1];
	uint64_t salt;   /* of its records: hash of seed and name */
	unsigned number; /* trailing digits of the name, below 100,000 */
	int64_t latency_ms;
	int64_t expires_in_s;
	int64_t clock_skew_s; /* how far its clock is ahead: the Date header and the times of changes */
	uint64_t generation;  /* grows with every change of its records */
	struct revision revisions[REVISIONS_MAX];
	unsigned revision_count;
	struct resource *resources;
	struct dial *dials;
	struct limit *limits;
	unsigned token;      /* which pair of tokens is current: at-<name>-<token>, rt-<name>-<token> */
	int64_t token_at_ms; /* unix; when that pair was issued */
	bool token_expired;
	int64_t issued_ms[TOKENS_LIVE_MAX + 1]; /* unix; of token n at n modulo the size */
	struct zoho_settings zoho;
	struct google *google; /* NULL until Google is asked */
	struct amazon_settings amazon;
	struct highlevel_settings highlevel;
	int64_t made_s; /* unix; when the account was made */
	unsigned in_flight;
	uint64_t pages;
	uint64_t served;
	UT_hash_handle hh;
};

struct accounts {
	uint64_t seed;
	uint64_t default_records; /* of a resource that nobody sized */
	bool on_demand;           /* any account named by a request exists */
	struct account *by_name;
};

struct times {
	uint32_t revision;
	int64_t created_s;
	int64_t updated_s;
};

bool account_name_ok(struct str name);
/* NULL when there is none (and accounts are not made on demand). */
struct account *account_find(struct accounts *all, struct str name);
/* Finds or makes. The name must be account_name_ok. */
struct account *account_get(struct accounts *all, struct str name);
/* Finds or makes; a new one has `default_records`. The name is cut at RESOURCE_NAME_MAX. */
struct resource *resource_get(struct accounts *all, struct account *account, struct str name);
/* The first size makes old records; a later, greater one makes records that are born now, a smaller one
 * removes the last. */
enum rc resource_resize(
    struct account *account, struct resource *resource, uint64_t records, struct err *err) MUST_USE;
/* Record i is gone from now on, or back again. */
void resource_remove(struct account *account, struct resource *resource, uint64_t i);
void resource_restore(struct account *account, struct resource *resource, uint64_t i);
bool resource_lacks(const struct resource *resource, uint64_t i);
/* How many records it has now. */
uint64_t resource_count(const struct resource *resource);
/* The present by the account's clock in whole seconds, rounded up: what changes now is never older than a
 * reading of that clock before it. */
int64_t account_now_s(const struct account *account);
enum rc account_revise(struct account *account, const struct revision *revision, struct err *err) MUST_USE;
void accounts_done(struct accounts *all);

struct times record_times(const struct account *account, const struct resource *resource, uint64_t i);

/* The view stays the account's; it is good until its records change or VIEWS_MAX others were asked for. */
const struct view *view_get(struct account *account, struct resource *resource, const struct selection *of);
/* Index of the record at position `k` (below view->n). */
uint64_t view_at(const struct view *view, uint64_t k);

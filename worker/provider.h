// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What a provider is to the worker: two pure functions over one walk, no I/O and no clock. `provider_next`
 * says what to ask, `provider_page` what the answer means. The generic implementation (declared.c) does what
 * the declaration says.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"
#include "io/http.h"
#include "sync/declaration.h"

struct json_object;

/* What is known of a connection. The strings belong to the caller. */
struct account {
	struct str external_id;
	struct json_object *settings; /* an object, or NULL */
	struct str access_token;      /* empty for providers without one */
};

/* What earlier walks have left for a walk of a resource that roams, or for the next parent of it. The strings
 * belong to the caller. */
struct bearings {
	bool known;
	bool over;         /* there is no further parent */
	struct str parent; /* id of the parent's record; empty: the resource has no parents */
	struct str keys;   /* JSON object: text by name of the key */
	struct str token;  /* what the last walk of this parent has left; empty: nothing */
	bool seen;         /* a walk of this parent has ended before */
	bool before;       /* a walk of the resource has ended before */
	int64_t now_us;    /* by the database's clock */
};

/*
 * One pass over a resource, as the task's row holds it. The answer to a request is read with the walk that
 * made it: `now_us` is the instant of that request, and the first request's becomes the walk's start.
 */
struct walk {
	const struct provider *provider;
	const struct resource *resource;
	bool incremental;     /* what changed since the watermark; without a watermark it is a full walk */
	int64_t watermark_us; /* of the last finished walk; 0: none */
	struct str cursor;    /* as the last page left it; empty: from the beginning */
	int64_t now_us;       /* Unix time */
	struct json_object *arguments; /* of a question: an object, or NULL */
	struct str origin;             /* replaces scheme, host and port of every URL; empty: as declared */
	int64_t from_us; /* the caller wants no more than [from, to) of what it shows; 0: no bound */
	int64_t to_us;
	bool last_try; /* of this page: what of a batch fails again is given up, if it is not much */
	struct bearings bearings; /* known when walk_wants_bearings() says so */
};

/* Whether the next request needs to know the walk's bearings. `ret_after` (an empty buffer) is then the
 * parent that was walked last; empty: the walk begins. */
bool walk_wants_bearings(const struct walk *w, struct buf *ret_after);

/* Begins the cursor of a walk of given records, whose ids follow with commas between: they are asked for, and
 * no watermark follows. */
#define GIVEN_KEYS STR("keys:")
#define PROVIDER_HEADERS_MAX 16

/* Reusable: zero-initialise, release with provider_request_done. Holds the access token: never log it. */
struct provider_request {
	const char *method;
	const char *url;
	const char *headers[PROVIDER_HEADERS_MAX]; /* "Name: value" */
	size_t nheaders;
	struct str body; /* p NULL: none */
	int64_t timeout_ms;
	bool cursor_sent;          /* a cursor of the provider's making is in it */
	struct buf text;           /* holds all of the above */
	struct buf scratch, names; /* of its making */
};

void provider_request_done(struct provider_request *rq);

/*
 * The walk's next request. RC_INVALID: the account lacks something that the declaration needs (the text names
 * it), or the declaration asks for what this engine cannot do. RC_NOT_FOUND: the cursor is of another
 * declaration or damaged; the walk has to begin anew.
 */
enum rc provider_next(
    const struct walk *w, const struct account *a, struct provider_request *ret, struct err *err) MUST_USE;

/* What the walk's next request costs, for weighted limits. */
int64_t provider_cost(const struct walk *w);

/*
 * The answer to the walk's next request is longer than answers may be: appends the cursor of a walk that asks
 * for less at once. False: it cannot.
 */
bool provider_ask_less(const struct walk *w, struct buf *ret_cursor);

#define VERDICT_REASON_MAX 240

struct verdict {
	enum verdict_class class;
	int64_t wait_ms; /* as the answer asks (clamped), or the rule; 0: the caller decides */
	char reason[VERDICT_REASON_MAX]; /* why, without secrets; empty when ok */
};

/* Reusable: zero-initialise, release with page_done. */
struct page {
	struct verdict verdict;
	struct verdict held;  /* when ok: what keeps some of what was asked for back; it is asked for again.
	                         Class ok:  nothing */
	struct buf cursor;    /* when ok and not last: where the next page begins */
	bool last;            /* the walk ends here */
	int64_t watermark_us; /* with `last`: to be stored for the next incremental walk; 0: leave what is
	                         there */
	int64_t total;        /* records that the provider says there are, or -1 */
	size_t records;       /* handed over, or deletions */
	int64_t started_us;   /* of the walk: the instant of its first request */
	bool begins;          /* the walk's first page */
	bool whole;           /* the walk shows everything, not only what changed */
	bool parent_done;     /* of a resource that roams: the walk of this parent has come to its end, */
	struct buf parent;    /*   and `token`, unless it is empty, is what its next walk begins with */
	struct buf token;
	bool fleeting;        /* the next page's cursor dies young: a slice should not end here */
	struct buf id;        /* of the record being handed over, when its place is its identity */
	bool slot_done;       /* the rows of [slot_from, slot_to) that carry `attempt` are complete */
	int64_t slot_from_us; /* 0: the resource's records have identities */
	int64_t slot_to_us;
	int64_t attempt;
	int64_t touched_us; /* with `last`, of a resource that roams: when the walk began, by the database */
};

void page_done(struct page *p);

/* The page that ends a walk to which its bearings say that it is over: nothing was asked for. */
void provider_over(const struct walk *w, struct page *ret);

enum record_kind {
	RECORD_LIVE,
	RECORD_GONE, /* the walk itself says so: from here on, whatever it showed before */
	RECORD_FED,  /* gone by the provider's feed: what the walk itself shows is there again */
	RECORD_BAD,  /* it cannot be had, and asking again does not help */
};

/* What an answer holds of one record. All of it points into the body, or lives during the call. */
struct record {
	enum record_kind kind;
	struct str raw;
	/* The parts of its identity, then: live, the resource's columns in order; fed, the time of the
	 * deletion (absent when the feed does not say). */
	const struct slice *fields;
	const char *reason; /* bad */
};

/* Anything but RC_OK ends the page as permanent. */
typedef enum rc provider_record_fn(void *user, const struct record *rec);

/*
 * Reads a complete answer. Records are handed over while the body is read: when the verdict then is not ok
 * (bad text at the end, a page that repeats the last one), what was handed over must be dropped.
 */
void provider_page(const struct walk *w, const struct http_response *res, provider_record_fn *record,
    void *user, struct page *ret);

/* False, with the reason, when a declaration asks for what this engine cannot do. For the start of the
 * program. */
enum rc provider_supported(const struct resource *r, struct err *err) MUST_USE;

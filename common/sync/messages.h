// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The messages on the fleet's topics (schemas/<name>.v1.schema.json). All are closed: an unknown, missing or
 * mistyped field is an error that names its JSON pointer and what is allowed. Slices and lists of a decoded
 * message live in its `doc`, so every successful decode needs the message's _done; the input text may go.
 */
#include <json.h>

#include "base/base.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/uuid.h"

#define MESSAGE_REQUEST_BYTES_MAX (64u << 10)
#define MESSAGE_TASK_BYTES_MAX (4u << 10)
#define MESSAGE_RESULT_BYTES_MAX (1u << 20) /* a task may serve thousands of syncs */

#define SYNC_MODES "full|incremental" /* that can be asked for */
#define RESULT_MODES                                                                                         \
	SYNC_MODES "|replay|records"   /* of quarantined records, of given ones: asked for in other ways */
#define TASK_MODES RESULT_MODES "|ask" /* one call, while somebody waits: no results */
enum sync_mode {
	SYNC_FULL,
	SYNC_INCREMENTAL,
	SYNC_REPLAY,
	SYNC_RECORDS,
	SYNC_ASK
}; /* in the order of TASK_MODES */
const char *sync_mode_name(enum sync_mode mode);

#define SYNC_PRIORITIES "interactive|backfill"
enum sync_priority { SYNC_INTERACTIVE, SYNC_BACKFILL };
const char *sync_priority_name(enum sync_priority priority);

/* When work is wanted that is wanted already: join it, or refuse the request. */
#define SYNC_CONFLICTS "attach|reject"
enum sync_conflict { SYNC_ATTACH, SYNC_REJECT };
const char *sync_conflict_name(enum sync_conflict conflict);

/* ---- a request for a sync: sync.requests, and the body of POST /v1/syncs ---- */

/* The Kafka headers that CloudEvents' binary mode uses, and W3C Trace Context; p NULL: absent. */
struct request_headers {
	struct str content_type;
	struct str ce_specversion;
	struct str ce_id;
	struct str ce_source;
	struct str ce_type;
	struct str traceparent;
};

struct sync_request {
	json_object *doc;
	struct str provider;
	struct uuid connection_id;
	struct json_strings resources; /* none: all of the provider's */
	enum sync_mode mode;
	struct uuid tenant_id;
	bool has_tenant;
	enum sync_priority priority;
	enum sync_conflict on_conflict;
	/* CloudEvents' identity: a repeated event has the same source and id. p NULL: plain JSON, which has
	 * none. */
	struct str event_source;
	struct str event_id;
	struct str traceparent; /* p NULL: absent or malformed, which W3C wants ignored */
};

/*
 * Reads CloudEvents 1.0 in structured mode (content type application/cloudevents+json) or binary mode (ce_
 * headers), or plain JSON. Pointers into a structured event begin with "/data", those about headers with
 * "/headers". The headers' slices go into `ret` and must live as long.
 */
enum rc request_decode(struct str value, const struct request_headers *h, struct sync_request *ret,
    struct json_problem *problem) MUST_USE;
void sync_request_done(struct sync_request *rq);
/* The plain JSON body. */
void request_encode(const struct sync_request *rq, struct buf *out);

/* ---- a task: sync.tasks.<provider> ---- */

/* A header: another message on the topic follows at once, so who reads this one may wait for it. */
#define TASK_HEADER_MORE "more"

struct task_message {
	json_object *doc;
	struct uuid task_id;
	int64_t dispatch;
	struct str provider;
	struct str resource;
	struct uuid connection_id;
	struct uuid tenant_id;
	enum sync_mode mode;
};

enum rc task_message_decode(
    struct str value, struct task_message *ret, struct json_problem *problem) MUST_USE;
void task_message_done(struct task_message *m);
void task_message_encode(const struct task_message *m, struct buf *out);

/* ---- how a task or a sync ended: sync.results ---- */

#define RESULT_EVENTS "task.completed|task.failed|task.cancelled|sync.completed|sync.failed|sync.cancelled"
enum result_event { /* in the order of RESULT_EVENTS */
	RESULT_TASK_COMPLETED,
	RESULT_TASK_FAILED,
	RESULT_TASK_CANCELLED,
	RESULT_SYNC_COMPLETED,
	RESULT_SYNC_FAILED,
	RESULT_SYNC_CANCELLED,
};

#define ERROR_CLASSES "transient|throttled|token|auth|cursor|cap|stalled|permanent|database"

struct result_message {
	json_object *doc;
	struct uuid event_id;
	enum result_event event_type;
	struct str occurred_at; /* times are texts: 2026-11-20T12:34:56.000000Z */
	struct uuid sync_id;    /* of sync events */
	struct uuid *sync_ids;  /* the syncs that the task served */
	size_t nsync_ids;
	struct uuid task_id; /* of task events */
	struct uuid tenant_id;
	struct uuid connection_id;
	struct str provider;
	struct str resource; /* of task events */
	enum sync_mode mode;
	int state;                /* of completed|failed|cancelled */
	struct str error_class;   /* p NULL: none */
	struct str error_message; /* p NULL: none */
	int64_t records_inserted;
	int64_t records_updated;
	int64_t records_unchanged;
	int64_t records_deleted;
	int64_t records_quarantined;
	struct str created_at;
	struct str started_at; /* p NULL: it ended before it began */
	struct str ended_at;
	int64_t sequence;
	bool has_sync_id, has_task_id, has_resource;
};

enum rc result_decode(struct str value, struct result_message *ret, struct json_problem *problem) MUST_USE;
void result_message_done(struct result_message *m);

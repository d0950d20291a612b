// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * One request and its answer, and what all of them share. A request is begun (routed, authenticated, the
 * account's dials applied), waits if something says so, and is finished: only then is the body made, in the
 * one buffer that all share.
 */
#include "base/base.h"
#include "base/buf.h"
#include "account.h"
#include "request.h"
#include "traffic.h"

#define PATH_ARGS_MAX 2
#define RETRY_AFTER_MAX 64
#define HEADERS_MAX 2048
#define BODY_MAX                                                                                             \
	((size_t)1 << 30) /* bytes of an answer; a listing of every record of a big account must fit */
#define WAIT_FOREVER INT64_MAX

struct simulator;
struct exchange;
struct server;

enum fate {
	FATE_SEND,
	FATE_HANG, /* wait, then close without a byte */
	FATE_CUT,  /* send the head and half of the body, then close */
	FATE_LOST, /* carry it out, then close without a byte */
	FATE_DRIP, /* send `drip_bytes` every `drip_ms` */
};

struct answer {
	int status;          /* 0 until it is known */
	bool body_ready;     /* the shared buffer holds the body: finish in the same turn */
	const char *refusal; /* the body for a status that a dial chose, or NULL */
	const char *type;    /* NULL: JSON */
	char retry_after[RETRY_AFTER_MAX];
	char headers[HEADERS_MAX]; /* further ones, each with its CRLF */
	const char *encoding;      /* Content-Encoding, or NULL */
	int64_t delay_ms;
	enum fate fate;
	int64_t drip_bytes;
	int64_t drip_ms;
	int64_t length_off; /* what Content-Length says besides the body's length */
};

/* A provider's API: what a page and a record look like. */
struct api {
	const char *name;
	const char *id_key;   /* the text before a record's id: "\"id\":\"" */
	const char *text_key; /* the text before a string of letters, at least six */
	const char *scheme;   /* before the access token; NULL: Bearer */
	int limited_status;   /* of a call beyond a limit that names no status; 0: 429 */
	const char *limited_body;
	unsigned tokens_live; /* so many of a grant's last access tokens are good; 0: the last one */
	int expired_status;   /* how it says that the access token is over */
	const char *expired_body;
	int unauthorized_status;
	const char *unauthorized_body;
	const char *throttled_body; /* NULL: that of any refusal */
	const char *forbidden_body; /* NULL: that of any refusal */
	int cursor_status;          /* how it says that a cursor is over; 0: 410 with a code word */
	const char *cursor_body;
	/* Writes the body for ex->window; may set another status. */
	void (*page)(struct simulator *sim, struct exchange *ex);
	/* Appends record i as one JSON object. */
	void (*record)(struct account *account, struct resource *resource, uint64_t i, struct buf *ret);
	/* Appends the record's id. */
	void (*id)(struct account *account, struct resource *resource, uint64_t i, struct buf *ret);
	/* Before rows are asked for; NULL: nothing to do. */
	void (*prepare)(struct simulator *sim, struct account *account);
	/* Whether a record that exists is nothing to store; NULL: none is. */
	bool (*hides)(const struct account *account, const struct resource *resource, uint64_t i);
};

struct window {
	struct selection of;
	uint64_t start; /* of what is served: position in the view */
	uint64_t asked; /* `start` before dials: what comes next is counted from here */
	uint64_t limit;
	/* zoho: where its page token leads */
	uint64_t key;
	uint64_t seen;
	uint64_t number;
	/* google: the numbers of changes that the list begins behind and reaches up to */
	uint64_t since, until;
	/* What dials do to it. */
	bool loop;         /* the way on leads back to `loop_to` */
	int64_t loop_to;   /* below 0: to where this page began */
	int64_t loop_from; /* the first position that is never reached, or 0 */
	bool empty;        /* no records, although there are some, and a next page */
	bool backwards;    /* the records in the opposite order */
	uint64_t again;    /* so many of its last records come a second time */
	uint64_t overlap;  /* so many of the records before it come first */
	uint64_t vanish;   /* so many of its first records are gone once it is made */
	uint64_t missing;  /* so many of a batch's last parts have no answer */
};

struct exchange {
	struct request req;
	struct str args[PATH_ARGS_MAX]; /* what the route's {} stand for */
	const struct api *api;          /* NULL: no provider's answer, so no dials */
	const char *call;               /* which of the resource's calls it is; NULL: it has but one */
	int64_t units;                  /* of quota, where calls differ; 0: 1 */
	bool part;                      /* of a batch */
	struct account *account;        /* NULL until the caller is known */
	struct resource *resource;
	struct window window;
	struct answer answer;
	uint64_t dials;    /* bit k: kind k of DIAL_KINDS was hit */
	int64_t bytes;     /* what the last dial that changes the body said of its size; 0: nothing */
	bool limited;      /* in the counts of limits */
	bool counted;      /* in the account's in_flight */
	bool logged;       /* already, or never to be */
	int64_t began_ms;  /* unix */
	int declared_call; /* declared.c: which of its lists is asked for */
};

struct simulator {
	struct accounts accounts;
	struct traffic traffic;
	struct limit *limits; /* of all accounts together */
	struct buf body;
	uint64_t bench_records; /* of a resource of the bench API that nobody sized */
	/* Closes every connection that waits; called by a reset before accounts go away. The server sets
	 * both. */
	void (*drop_waiting)(struct server *server);
	struct server *server;
};

void simulator_init(struct simulator *sim, uint64_t seed);
void simulator_done(struct simulator *sim);
/* Back to no accounts, an empty log and zeroed counters. */
void simulator_reset(struct simulator *sim);

/* Answers, or sets what finish will do and how long to wait before it (answer.delay_ms). */
void exchange_begin(struct simulator *sim, struct exchange *ex);
/* Makes the body if it is not ready, and logs. Not for FATE_HANG. */
void exchange_finish(struct simulator *sim, struct exchange *ex);
/* One part of a batch: begun, finished and logged at once, without waits; its body is in the shared buffer.
 */
void exchange_part(struct simulator *sim, struct exchange *part);
/* The client went away, or was hung up on. */
void exchange_abandon(struct simulator *sim, struct exchange *ex);

/* A whole answer at once. */
void answer_text(struct simulator *sim, struct exchange *ex, int status, const char *json);
void answer_printf(struct simulator *sim, struct exchange *ex, int status, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* {"error": "..."} with the text escaped. */
void answer_error(struct simulator *sim, struct exchange *ex, int status, const char *text);

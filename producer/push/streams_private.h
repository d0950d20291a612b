// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Inside of live progress: streams.c (listeners, topics, time), streams_tick.c (the query, who is told what).
 */
#include "base/base.h"
#include "base/hash.h"
#include "streams.h"

enum topic_kind { TOPIC_SYNC, TOPIC_TENANT, TOPIC_USER };

struct topic_key {
	enum topic_kind kind;
	struct uuid id;   /* of the sync or the tenant */
	struct uuid user; /* of TOPIC_USER */
};

struct listener {
	struct streams *streams;
	struct httpd_stream *stream;
	struct topic *topic;
	struct uuid tenant;
	struct stream_point since;
	int64_t written_ms;
	int64_t until_ms;
	int64_t events;
	int64_t events_closed; /* of which he knows that they were all of their tick */
	int again;             /* ends told to one who resumes */
	bool ending;           /* was told the end of his one sync */
	bool fresh;            /* is told what is open now, whether it changed or not */
	bool asked;            /* the query under way is for him, too */
	struct listener *prev;
	struct listener *next;
};

/* Listeners who are told the same. */
struct topic {
	struct topic_key key;
	struct listener *listeners;
	UT_hash_handle hh;
};

/* A sync whose end was told and may be found again, since an older transaction is still running. */
struct told {
	struct uuid sync;
	UT_hash_handle hh;
};

struct streams {
	struct loop *loop;
	struct streams_options o;
	struct timer *tick;
	struct timer *join;
	struct timer *beat;
	struct topic *topics;
	size_t nlisteners;
	struct told *told;
	struct told *told_now; /* in the answer that is being read */
	struct pg_args args;
	int64_t asked_ms;
	bool asking;
	bool asked_all; /* not only for those who have just come */
	bool joining;
	bool failed;
};

/* ---- streams.c ---- */
/* Listeners of that, or NULL. */
struct topic *streams_topic(const struct streams *s, const struct topic_key *key);
void streams_write(struct listener *l, struct str text);
/* Somebody has come: he is not left waiting for the next tick. */
void streams_ask_soon(struct streams *s);
/* Sets the next tick. */
void streams_rest(struct streams *s, int64_t worked_ms);

/* ---- streams_tick.c ---- */
/* Sends the query, for all or for those who have just come, unless one is under way or there is nobody. */
void streams_ask(struct streams *s, bool fresh_only);
/* Tells a listener that he has missed too much. */
void streams_reset(struct listener *l);
void streams_forget_told(struct streams *s);

// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What Google remembers of an account: the labels of its messages, which calendar holds an event, and the
 * changes since the first look, each with a number. The changes are found by comparing: whatever the controls
 * and dials did to the records is a change as soon as Google is asked again.
 */
#include "account.h"
#include "base/base.h"
#include "base/buf.h"

#include <json-c/json.h>

#define GOOGLE_HERE (UINT32_C(1) << 31) /* of a state: the record exists */
#define GOOGLE_SCOPE_MAX 512
#define GOOGLE_CHALLENGE_MAX 128

struct simulator;

struct google_change {
	uint64_t id;
	uint32_t i;
	uint32_t before, after; /* states; 0: it was not there */
};

struct google_track {
	bool begun;
	size_t n;
	uint32_t
	    *state; /* by index: of a message GOOGLE_HERE and its labels, else GOOGLE_HERE and a version */
	uint64_t *last; /* by index: the number of its last change */
	struct google_change *log;
	size_t log_n, log_cap;
	uint64_t id;     /* of the newest change */
	uint64_t oldest; /* nothing before it is remembered */
};

/* Labels put on and taken off one message, or how often an event was touched. */
struct google_nudge {
	uint32_t i;
	uint32_t set, clear;
	struct google_nudge *next;
};

struct google {
	uint64_t generation; /* of the account, when the tracks were last compared */
	struct google_track messages, calendars, events;
	uint32_t *home; /* by index of an event: its calendar */
	size_t home_n;
	struct google_nudge *labels;
	struct google_nudge *touched;
	bool revoked; /* the grant was withdrawn */
	bool denies;  /* its owner does not consent */
	char scope[GOOGLE_SCOPE_MAX];
	int64_t codes_used;                   /* the last code that was changed for tokens */
	int64_t codes_issued;                 /* by the consent page */
	char challenge[GOOGLE_CHALLENGE_MAX]; /* PKCE's, of the last code that the consent page gave; empty:
	                                         none */
};

/* Made when missing, and brought up to date. */
struct google *google_of(struct simulator *sim, struct account *account);
void google_free(struct google *google);
/* {"labels": [...], "expire_history": true, ...}; what is not named stays. */
enum rc google_set(
    struct simulator *sim, struct account *account, struct json_object *json, struct err *err) MUST_USE;
void google_write_state(const struct account *account, struct buf *ret);

/* The change with the smallest number above `id`: its place in the log, log_n when there is none. */
size_t google_log_after(const struct google_track *track, uint64_t id);

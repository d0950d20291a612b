// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Where a walk is, between two pages. Tasks store it as text (one flat JSON object, zero members left out)
 * together with the fingerprint of the declaration that it belongs to.
 */
#include "base/base.h"
#include "base/buf.h"
#include "sync/declaration.h"

#define CURSOR_TEXT_MAX (64u << 10) /* Amazon's page tokens take some 2 KB; nothing honest comes near */

struct position {
	int64_t started_us;       /* the instant of the walk's first request */
	int64_t behind_us;        /* the provider's clock, behind ours, at that instant */
	int64_t since_us;         /* what changed since; 0: a full walk */
	int64_t deleted_since_us; /* deletions since; 0: none to ask for */
	int64_t phase;            /* enum phase; what follows is of it alone, but for mark_us and after */
	int64_t offset;           /* of the next page */
	int64_t number;           /* of the next page */
	int64_t pages;            /* read so far */
	int64_t seen;             /* records so far */
	int64_t listed;           /* the list has come to its end; only its keys are left */
	int64_t parts;            /* a batch may have no more; 0: as declared */
	int64_t empty;            /* pages without records, one behind the other, up to here */
	int64_t mark_us;          /* the watermark that the pages gave so far; 0: none */
	int64_t partial;          /* the walk does not show everything */
	int64_t walked;           /* pages of the whole walk */
	int64_t between;          /* the next request begins the next parent */
	int64_t touched_us;     /* the database's clock when the walk began; 0: its resource does not roam */
	int64_t window_from_us; /* the window being walked; 0: the resource has none */
	int64_t window_to_us;
	int64_t until_us;  /* end of the last window */
	int64_t step_us;   /* of the windows, now: those that fail are halved */
	int64_t tries;     /* walks of the window, or of the parent, that had to begin anew */
	int64_t calm;      /* windows of this step that came to their end */
	int64_t slot_us;   /* where the windows begin whose rows are replaced together, */
	int64_t attempt;   /*   the number that these rows carry, */
	int64_t shown;     /*   and how many pages of them there are */
	int64_t issued_us; /* when the provider's cursor came; 0: nobody needs to know */
	uint64_t first;    /* signature of the first page, */
	uint64_t last;     /* signature of the last page: that of its first record, or of its cursor */
	uint64_t
	    anchor; /* signature of the page at the last power of two: finds loops of any length (Brent) */
	struct buf next;        /* the provider's cursor or link */
	struct buf after;       /* the last record's key */
	struct buf keys;        /* to be asked for next, joined with commas */
	struct buf names;       /* of the fields that the records have, joined with commas */
	int64_t given;          /* keys were given: their records, and nothing else */
	struct buf parent;      /* id of the parent's record; between two, of the last one */
	struct buf parent_keys; /* JSON object: text by name of the key */
	struct buf fresh;       /* what this walk is to leave for the next one */
	struct buf token; /* what was left by the last walk of this resource and parent, in use by this one */
};

/* Zeroes; release with position_done. */
void position_init(struct position *p);
void position_done(struct position *p);

/* Reads into an initialised position. RC_NOT_FOUND: not ours, damaged, or of another declaration. */
enum rc cursor_read(struct str text, const char *fingerprint, struct position *ret, struct err *err) MUST_USE;
void cursor_write(const struct position *p, const char *fingerprint, struct buf *out);

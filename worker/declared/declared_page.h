// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the reading of a page (declared_page.c) and the turn to the next one (declared_turn.c) share. */
#include "declared.h"

struct parent_fields;

/* A page being read. */
struct reading {
	const struct walk *walk;
	const struct resource *resource;
	const struct listing *list;
	struct position *position; /* before the page; moved on at its end */
	provider_record_fn *record;
	void *user;
	struct page *page;
	bool fetching;               /* its request named its records by their keys */
	struct parent_fields *given; /* what its records take from their parent, or NULL */
	size_t n;                    /* records read */
	struct slice key;            /* of the last one */
	uint64_t signature;          /* of the first record; 0: none yet */
	int64_t max_us;              /* of the watermark's field */
	struct buf gone;             /* keys that this page says are gone, joined with commas */
};

/* What each record of the page takes from its parent; NULL: nothing. Free with parent_fields_free. */
struct parent_fields *parent_fields_new(const struct reading *r);
void parent_fields_free(struct parent_fields *given); /* accepts NULL */
/* A record's fields with its parent's among them; good until the next record. */
const struct slice *parent_fields_put(struct parent_fields *given, const struct slice *fields);

/* The instant that a field says; false: it says none. */
bool reading_time(const struct column *c, const struct slice *s, int64_t *ret);
/* What a record of a list says of itself. `fields` as the list's plan has them. */
enum record_kind record_kind_of(const struct resource *res, const struct slice *fields);
/* Notes a record's part in the watermark. */
void reading_watermark(struct reading *r, const struct slice *fields);
/* Writes where the next page begins, or ends the walk when the last list has come to its `end`. */
void page_go_on(struct reading *r, bool end);

/* Appends the text of a key; false: it is none. */
bool key_add(const struct slice *s, struct buf *out);

const struct slice *envelope_at(const struct reading *r, const struct slice *envelope, enum envelope which);
/* -1: it is none. */
int64_t envelope_number(const struct slice *s);

/* Moves the position on within its list; true: the list has come to its end. May set a verdict. */
bool page_turn(struct reading *r, const struct http_response *res, const struct slice *envelope);

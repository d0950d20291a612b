// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What a slice_plan is made of: a tree of keys for the document, and one for a record. Private to slice*.c.
 */
#include "base/base.h"
#include "base/slice.h"

/* A key that leads to something that was asked for. */
struct slice_node {
	struct str key; /* owned */
	struct slice_node *children;
	struct slice_node *next; /* sibling */
	uint16_t *slots;         /* which of the fields (or envelope paths) are this value; owned */
	size_t nslots;
	size_t id;       /* of a node with children: counts those of a plan from 0 */
	unsigned step;   /* how far on the way to the records, from 1; 0 = not on it */
	bool is_records; /* the array of records is here */
};

struct slice_plan {
	struct slice_node *document; /* roots, without a key */
	struct slice_node *record;
	size_t ninner;
	size_t nfields;
	size_t nenvelope;
};

/* Whether a slot was filled before, if only to be emptied again. */
static inline bool slice_was_met(struct slice s)
{
	return s.kind != SLICE_ABSENT || s.repeated;
}

/* The child that a key's raw text (between its quotes) names, or NULL. */
const struct slice_node *slice_node_child(const struct slice_node *node, struct slice key);
/* Makes the slots of everything below `node` absent: the key of `node` is read, perhaps again. */
void slice_node_clear(const struct slice_node *node, struct slice *out);

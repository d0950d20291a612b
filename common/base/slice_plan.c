// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/slice_plan.h"

static struct slice_node *node_new(struct str key)
{
	struct slice_node *node = mem_zalloc(sizeof *node);

	node->key = (struct str){mem_strndup(key.n ? key.p : "", key.n), key.n};
	return node;
}

static void node_free(struct slice_node *node)
{
	while (node) {
		struct slice_node *next = node->next;

		node_free(node->children);
		free((void *)node->key.p);
		free(node->slots);
		free(node);
		node = next;
	}
}

static struct slice_node *node_child(struct slice_plan *plan, struct slice_node *parent, struct str key)
{
	struct slice_node **at = &parent->children;

	while (*at && !str_eq((*at)->key, key))
		at = &(*at)->next;
	if (*at)
		return *at;
	if (!parent->children)
		parent->id = plan->ninner++;
	*at = node_new(key);
	return *at;
}

static struct slice_node *node_at(struct slice_plan *plan, struct slice_node *root, const char *path)
{
	struct str rest = str_of(path);

	while (rest.n)
		root = node_child(plan, root, str_cut(&rest, '.'));
	return root;
}

static void node_add_slot(struct slice_node *node, size_t slot)
{
	node->slots = mem_realloc(node->slots, (node->nslots + 1) * sizeof *node->slots);
	node->slots[node->nslots++] = (uint16_t)slot;
}

static void plan_records(struct slice_plan *plan, const char *path)
{
	struct slice_node *node = plan->document;
	struct str rest = str_of(path);

	for (unsigned step = 1; rest.n; step++) {
		node = node_child(plan, node, str_cut(&rest, '.'));
		node->step = MIN(step, SLICE_DEPTH_MAX - 1); /* no document is that deep */
	}
	node->is_records = true;
}

struct slice_plan *slice_plan_new(const char *records_path, const char *const *fields, size_t nfields,
    const char *const *envelope, size_t nenvelope)
{
	struct slice_plan *plan = mem_zalloc(sizeof *plan);

	assert(nfields <= SLICE_PATHS_MAX && nenvelope <= SLICE_PATHS_MAX);
	plan->nfields = nfields;
	plan->nenvelope = nenvelope;
	plan->document = node_new(STR(""));
	plan->record = node_new(STR(""));
	if (records_path)
		plan_records(plan, records_path);
	for (size_t i = 0; i < nfields; i++)
		node_add_slot(node_at(plan, plan->record, fields[i]), i);
	for (size_t i = 0; i < nenvelope; i++)
		node_add_slot(node_at(plan, plan->document, envelope[i]), i);
	return plan;
}

void slice_plan_free(struct slice_plan *plan)
{
	if (!plan)
		return;
	node_free(plan->document);
	node_free(plan->record);
	free(plan);
}

void slice_plan_free_ptr(struct slice_plan **plan)
{
	slice_plan_free(*plan);
}

/* Compares a key that may hold escapes, which never make a text longer. */
static bool key_is(struct slice raw, struct str key)
{
	char text[256];
	size_t n;

	if (!raw.escaped)
		return str_eq(slice_str(raw), key);
	/* Every character of the key takes at most six bytes of raw text. */
	if (key.n > sizeof text || raw.n > sizeof text || raw.n < key.n)
		return false;
	return slice_unescape_to(raw, text, &n) == RC_OK && str_eq((struct str){text, n}, key);
}

const struct slice_node *slice_node_child(const struct slice_node *node, struct slice key)
{
	const struct slice_node *child = node->children;

	while (child && !key_is(key, child->key))
		child = child->next;
	return child;
}

void slice_node_clear(const struct slice_node *node, struct slice *out)
{
	for (const struct slice_node *child = node->children; child; child = child->next) {
		for (size_t i = 0; i < child->nslots; i++)
			out[child->slots[i]] = (struct slice){
			    .repeated = slice_was_met(out[child->slots[i]])};
		slice_node_clear(child, out);
	}
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/slice.h"

#include "base/slice_plan.h"
#include "base/slice_scan.h"

#define WALK_WORDS_MAX 64                 /* different keys remembered for one kind of object */
#define WALK_BODY_MAX (UINT32_C(1) << 30) /* lengths must fit a slice */

/*
 * The keys that were met in objects at one place of the tree, in order. The next record mostly has the same
 * keys in the same order, so one comparison with the expected one both validates a key and says what it leads
 * to.
 */
struct walk_word {
	const char *p; /* raw text in the body */
	size_t n;
	const struct slice_node *node; /* NULL: nobody asked for it */
};

struct walk_words {
	size_t count;
	struct walk_word words[WALK_WORDS_MAX];
};

struct walk {
	struct scan scan;
	const struct slice_plan *plan;
	struct walk_words *words; /* by slice_node.id */
	struct slice *fields;
	struct slice *envelope;
	uint64_t steps; /* bit n: step n on the way to the records was taken */
	slice_record_fn *fn;
	void *user;
	enum rc rc; /* what fn returned */
};

static bool word_is(const struct walk *w, const struct walk_word *word, const char *p)
{
	return (size_t)(w->scan.end - p) > word->n && p[word->n] == '"' &&
	       scan_same(&w->scan, p, word->p, word->n);
}

/* A key that was not the expected one: an old one further on, or new. */
static const char *walk_key_slow(struct walk *w, const char *p, const struct slice_node *node,
    size_t *expected, const struct slice_node **ret)
{
	struct walk_words *words = &w->words[node->id];
	uint8_t escaped;

	for (size_t i = 0; i < words->count; i++) {
		size_t at = (*expected + i) % words->count;

		if (word_is(w, &words->words[at], p)) {
			*expected = at + 1;
			*ret = words->words[at].node;
			return p + words->words[at].n;
		}
	}
	const char *quote = scan_string(&w->scan, p, &escaped);
	if (!quote)
		return NULL;
	*ret = slice_node_child(node, (struct slice){p, (uint32_t)(quote - p), SLICE_STRING, escaped, false});
	if (words->count < WALK_WORDS_MAX) {
		*expected += *expected == words->count;
		words->words[words->count++] = (struct walk_word){p, (size_t)(quote - p), *ret};
	}
	return quote;
}

/* A key from behind its opening quote; returns its closing one. */
static inline const char *walk_key(struct walk *w, const char *p, const struct slice_node *node,
    size_t *expected, const struct slice_node **ret)
{
	const struct walk_words *words = &w->words[node->id];
	const struct walk_word *word = &words->words[*expected];

	if (*expected >= words->count || !word_is(w, word, p))
		return walk_key_slow(w, p, node, expected, ret);
	++*expected;
	*ret = word->node;
	return p + word->n;
}

static const char *walk_asked(
    struct walk *w, const char *p, const struct slice_node *node, struct slice *out, unsigned depth);

static const char *walk_member(struct walk *w, const char *p, const struct slice_node *node,
    struct slice *out, unsigned depth, size_t *expected)
{
	const struct slice_node *child = NULL;
	struct slice value;

	if (*p != '"')
		return scan_fail(&w->scan, p, "expected a key");
	p = walk_key(w, p + 1, node, expected, &child);
	if (!p)
		return NULL;
	p = scan_colon(&w->scan, p);
	if (!p)
		return NULL;
	return child ? walk_asked(w, p, child, out, depth) : scan_value(&w->scan, p, depth, &value);
}

static const char *walk_object(
    struct walk *w, const char *p, const struct slice_node *node, struct slice *out, unsigned depth)
{
	size_t expected = 0;
	bool more = true;

	if (!scan_deeper(&w->scan, p, depth))
		return NULL;
	p = scan_next(&w->scan, p + 1);
	if (p && *p == '}')
		return p + 1;
	while (p && more) {
		p = walk_member(w, p, node, out, depth + 1, &expected);
		if (p)
			p = scan_separator(&w->scan, p, '}', &more);
	}
	return p;
}

static const char *walk_record(struct walk *w, const char *p, unsigned depth)
{
	const char *next;

	memset(w->fields, 0, w->plan->nfields * sizeof *w->fields);
	next = walk_asked(w, p, w->plan->record, w->fields, depth);
	if (!next)
		return NULL;
	w->rc = w->fn(w->user, (struct str){p, (size_t)(next - p)}, w->fields);
	return w->rc == RC_OK ? next : NULL;
}

static const char *walk_records(struct walk *w, const char *p, unsigned depth)
{
	bool more = true;

	if (*p != '[')
		return scan_fail(&w->scan, p, "the records are no array");
	if (!scan_deeper(&w->scan, p, depth))
		return NULL;
	p = scan_next(&w->scan, p + 1);
	if (p && *p == ']')
		return p + 1;
	while (p && more) {
		p = walk_record(w, p, depth + 1);
		if (p)
			p = scan_separator(&w->scan, p, ']', &more);
	}
	return p;
}

static bool walk_step(struct walk *w, const char *p, const struct slice_node *node)
{
	uint64_t bit = UINT64_C(1) << node->step;

	if (node->step && w->steps & bit) {
		scan_fail(&w->scan, p, "a key on the way to the records is repeated");
		return false;
	}
	w->steps |= bit;
	return true;
}

/* The value of a key that was asked for, or that leads to one. */
static const char *walk_asked(
    struct walk *w, const char *p, const struct slice_node *node, struct slice *out, unsigned depth)
{
	struct slice value = {.p = p, .kind = *p == '{' ? SLICE_OBJECT : SLICE_ARRAY};
	const char *next;

	if (!walk_step(w, p, node))
		return NULL;
	if (node->children)
		slice_node_clear(node, out);
	if (node->is_records && *p != 'n')
		next = walk_records(w, p, depth);
	else if (node->children && *p == '{')
		next = walk_object(w, p, node, out, depth);
	else
		next = scan_value(&w->scan, p, depth, &value);
	if (!next)
		return NULL;
	if (!value.n && value.kind >= SLICE_ARRAY)
		value.n = (uint32_t)(next - p);
	for (size_t i = 0; i < node->nslots; i++) {
		value.repeated = slice_was_met(out[node->slots[i]]);
		out[node->slots[i]] = value;
	}
	return next;
}

/* The whole document, and that nothing but white space follows it. */
static bool walk_document(struct walk *w)
{
	const char *p = scan_next(&w->scan, w->scan.start);

	p = p ? walk_asked(w, p, w->plan->document, w->envelope, 0) : NULL;
	if (!p)
		return false;
	while (p < w->scan.end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p == w->scan.end || scan_fail(&w->scan, p, "text after the end of the document");
}

static enum rc walk_failure(const struct walk *w, struct err *err)
{
	if (!w->scan.why)
		return w->rc;
	return err_set(
	    err, RC_INVALID, "reading JSON: byte %zu: %s", (size_t)(w->scan.at - w->scan.start), w->scan.why);
}

enum rc slice_pass_over(void *user, struct str raw, const struct slice *fields)
{
	(void)user, (void)raw, (void)fields;
	return RC_OK;
}

enum rc slice_page(const struct slice_plan *plan, struct str body, struct slice *ret_envelope,
    slice_record_fn *fn, void *user, struct err *err)
{
	struct walk w = {
	    .scan = {.start = body.p, .end = body.p + body.n}, .plan = plan, .fn = fn, .user = user};

	if (body.n > WALK_BODY_MAX)
		return err_set(err, RC_LIMIT, "reading JSON: %zu bytes are too many", body.n);
	w.words = mem_alloc((plan->ninner + 1) * sizeof *w.words);
	for (size_t i = 0; i < plan->ninner; i++)
		w.words[i].count = 0;
	w.fields = mem_array(plan->nfields + plan->nenvelope + 1, sizeof *w.fields);
	w.envelope = w.fields + plan->nfields;
	bool ok = walk_document(&w);
	if (ok && plan->nenvelope)
		memcpy(ret_envelope, w.envelope, plan->nenvelope * sizeof *w.envelope);
	free(w.fields);
	free(w.words);
	return ok ? RC_OK : walk_failure(&w, err);
}

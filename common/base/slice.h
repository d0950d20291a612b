// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Reads a page of JSON without building a tree: one pass validates the whole document by the letter of RFC
 * 8259 and hands out, for each record, slices of the fields that were asked for. Slices point into the body.
 *
 * Stricter than most parsers: UTF-8 is checked (overlongs, surrogates, above U+10FFFF), raw control
 * characters and lone surrogate escapes are refused, nothing but white space may follow the document, and
 * nesting ends at SLICE_DEPTH_MAX. Of a repeated key the last one counts, marked as `repeated`; a key on the
 * way to the records may not be repeated, since its records were handed out already.
 */
#include "base/base.h"
#include "base/buf.h"

#define SLICE_DEPTH_MAX 64    /* arrays and objects inside of each other; no provider comes near */
#define SLICE_PATHS_MAX 65535 /* fields, or envelope paths, of one plan */

enum slice_kind {
	SLICE_ABSENT, /* the path leads nowhere */
	SLICE_NULL,
	SLICE_FALSE,
	SLICE_TRUE,
	SLICE_NUMBER,
	SLICE_STRING, /* without its quotes: p[-1] and p[n] are the quotes */
	SLICE_ARRAY,
	SLICE_OBJECT,
};

struct slice {
	const char *p; /* into the page's body; NULL when absent */
	uint32_t n;
	uint8_t kind;     /* enum slice_kind */
	uint8_t escaped;  /* a string with backslashes inside: slice_unescape makes it text */
	uint8_t repeated; /* its key, or one above it, came twice in its object */
};

static inline struct str slice_str(struct slice s)
{
	return (struct str){s.p, s.n};
}

/* The value as JSON wrote it: a string with its quotes. */
static inline struct str slice_text(struct slice s)
{
	return s.kind == SLICE_STRING ? (struct str){s.p - 1, (size_t)s.n + 2} : slice_str(s);
}

/* What to look for, compiled once and read-only afterwards. */
struct slice_plan;

/*
 * Paths are keys joined by dots and lead through objects only. `records_path` says where the array of records
 * is; "" means that the document is that array. `fields` are looked for inside of each record, `envelope`
 * outside of the records. A path may be asked for twice; "" is the whole record or document. All texts are
 * copied. Free with slice_plan_free.
 */
struct slice_plan *slice_plan_new(const char *records_path, const char *const *fields, size_t nfields,
    const char *const *envelope, size_t nenvelope) MUST_USE;
void slice_plan_free(struct slice_plan *plan);
/* For AUTO(slice_plan_free_ptr). */
void slice_plan_free_ptr(struct slice_plan **plan);

/*
 * One record: `raw` is its text, `fields` has one slice for each field of the plan, in that order; valid
 * during the call. A record need not be an object: then all its fields are absent. Any return but RC_OK stops
 * the page.
 */
typedef enum rc slice_record_fn(void *user, struct str raw, const struct slice *fields);
/* For those who are only after the envelope. */
slice_record_fn slice_pass_over;

/*
 * Reads a page. `fn` runs for each record as it is met, so before the rest of the document is known to be
 * valid: whatever it gathered is to be dropped when this fails. No records at the path, or null there: no
 * calls. `ret_envelope` has room for the plan's envelope paths (may be NULL when there are none). Bodies are
 * limited to 1 GiB. RC_INVALID: not JSON, or something else than an array at the records' path; `err` names
 * the byte. Another code is what `fn` returned, and `err` is left to it.
 */
enum rc slice_page(const struct slice_plan *plan, struct str body, struct slice *ret_envelope,
    slice_record_fn *fn, void *user, struct err *err) MUST_USE;

/*
 * Appends a string's text with its escapes resolved: valid UTF-8. RC_INVALID when it holds \u0000, which
 * PostgreSQL cannot store; RC_LIMIT when the buffer is full. Nothing is appended on failure. Only for slices
 * of kind string.
 */
enum rc slice_unescape(struct slice s, struct buf *out) MUST_USE;
/* The same into `to`, which has room for s.n bytes (escapes are never shorter than what they mean); no NUL is
 * added. */
enum rc slice_unescape_to(struct slice s, char *to, size_t *ret_n) MUST_USE;

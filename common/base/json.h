// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Small JSON documents: requests, messages, secrets. json_parse reads a bounded text by the letter of RFC
 * 8259 into json-c's tree; json_decode takes an object apart by a table of fields. Pages of records go
 * through slice.h instead.
 */
#include <json.h>

#include "base/base.h"
#include "base/uuid.h"

/* A local document: AUTO(json_put_ptr) json_object *o = NULL; */
void json_put_ptr(json_object **o);

/*
 * Refuses what json-c would take: text after the document, raw control characters, lone surrogates, bad
 * UTF-8, numbers like 1. or 01, comments, NaN, a member given twice, U+0000 (PostgreSQL's texts cannot hold
 * it). RC_LIMIT: more bytes, or arrays and objects inside of each other, than allowed. The error names the
 * byte. The caller owns *ret (json_object_put); it is NULL for the document `null`.
 */
enum rc json_parse(
    struct str text, size_t max_bytes, unsigned max_depth, json_object **ret, struct err *err) MUST_USE;

enum json_kind {
	JSON_KIND_STRING,
	JSON_KIND_UUID,
	JSON_KIND_INT,
	JSON_KIND_BOOL,
	JSON_KIND_ENUM,
	JSON_KIND_STRINGS,
	JSON_KIND_OBJECT
};

/* The longest list that JSON_STRINGS takes. */
#define JSON_STRINGS_MAX 64

struct json_strings {
	struct str item[JSON_STRINGS_MAX];
	size_t n;
};

/* Integers that every JSON reader keeps exact (RFC 8259, section 6); the range of a field that names none. */
#define JSON_INT_MAX ((INT64_C(1) << 53) - 1)

/* The offset of a member, after checking at compile time that its type is what the field writes. */
#define JSON_OFFSET(T, member, ...)                                                                          \
	(offsetof(T, member) + 0 * sizeof(char[_Generic(((T *)0)->member, __VA_ARGS__, default : -1)]))

/* Where a value goes: {.name = "task_id", JSON_UUID(struct task, id), .required = true}. Slices live in the
 * tree. */
#define JSON_STRING(T, member) .kind = JSON_KIND_STRING, .offset = JSON_OFFSET(T, member, struct str : 1)
#define JSON_UUID(T, member) .kind = JSON_KIND_UUID, .offset = JSON_OFFSET(T, member, struct uuid : 1)
#define JSON_INT(T, member) .kind = JSON_KIND_INT, .offset = JSON_OFFSET(T, member, int64_t : 1)
#define JSON_BOOL(T, member) .kind = JSON_KIND_BOOL, .offset = JSON_OFFSET(T, member, bool : 1)
/* The position of the value in `allowed`, counted from 0. */
#define JSON_ENUM(T, member) .kind = JSON_KIND_ENUM, .offset = JSON_OFFSET(T, member, int : 1, unsigned : 1)
#define JSON_STRINGS(T, member)                                                                              \
	.kind = JSON_KIND_STRINGS, .offset = JSON_OFFSET(T, member, struct json_strings : 1)
/* Borrowed from the tree. */
#define JSON_OBJECT(T, member) .kind = JSON_KIND_OBJECT, .offset = JSON_OFFSET(T, member, json_object * : 1)
/* A bool that is set when the value was there and not null; it must not be the first member. */
#define JSON_GIVEN(T, member) .given = JSON_OFFSET(T, member, bool : 1)

struct json_field {
	const char *name;
	enum json_kind kind;
	bool required;
	bool nullable; /* null is taken as absent */
	size_t offset;
	size_t given;
	const char *allowed; /* "full|incremental": an enum's values */
	int64_t min,
	    max; /* an int's range; a string's bytes, or each item's; both 0: -+JSON_INT_MAX, 0 to 64 KiB */
	size_t max_items; /* of JSON_STRINGS; 0: JSON_STRINGS_MAX */
};

/* What is wrong with a document, and where (RFC 6901; "" is the whole document). */
struct json_problem {
	char pointer[128];
	struct err err; /* its text begins with the pointer and never holds a value */
};

/*
 * Reads the members of `object` into `target`; absent members leave it as it is. Closed: an unknown member is
 * an error that lists the known ones. On failure `target` may be half filled.
 */
enum rc json_decode(json_object *object, const struct json_field *fields, size_t n, void *target,
    struct json_problem *problem) MUST_USE;
/* Puts `parent` ("/tasks/3") before the pointer, for a problem inside of a larger document. */
void json_problem_nest(struct json_problem *problem, const char *parent);

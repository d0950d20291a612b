// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Reads libconfig settings into structs by tables of keys: what is allowed is data, and every error names
 * file, line, key and what would have been right. Used by the declaration files only.
 */
#include "base/base.h"

#include <libconfig.h>

enum key_type {
	KEY_TEXT,     /* const char * */
	KEY_NAME,     /* const char *, an SQL identifier */
	KEY_TEMPLATE, /* struct template */
	KEY_INT,      /* int64_t within min..max */
	KEY_INT32,    /* int within min..max */
	KEY_NUMBER,   /* double above 0 */
	KEY_BOOL,     /* bool */
	KEY_TRISTATE, /* enum tristate, from a boolean */
	KEY_ENUM,     /* an enum, from one of `words` */
	KEY_FLAGS,    /* unsigned, a bit for each of `words` */
	KEY_TEXTS,    /* struct texts */
	KEY_INTS,     /* struct ints within min..max */
	KEY_GROUP,    /* the struct of `group` */
	KEY_LIST,     /* LIST_OF the struct of `group` */
};

struct key {
	const char *name;
	enum key_type type;
	bool required;
	size_t offset;
	const char *const *words; /* ends with NULL */
	const struct group *group;
	int64_t min;
	int64_t max; /* 0: INT32_MAX */
};

struct group {
	const struct key *keys;
	size_t nkeys;
	size_t size;
	const void *defaults; /* what a struct holds before its keys are read; NULL: zeros */
};

/* Owns what reading allocates, beside the strings, which belong to the config_t. */
struct pool {
	void **owned;
	size_t n;
};

void pool_own(struct pool *pool, void *p);
void pool_done(struct pool *pool);

struct reader {
	const char *file;
	struct pool *pool;
	struct err *err;
};

/* "<file>:<line>: <key>: <text>", RC_INVALID. */
enum rc reader_fail(const struct reader *r, const config_setting_t *at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Reads the group `from` into the struct at `to`. */
enum rc reader_read(
    const struct reader *r, const struct group *group, const config_setting_t *from, void *to) MUST_USE;
/* The member of that name, or `from` itself: where an error about it is reported. */
const config_setting_t *reader_at(const config_setting_t *from, const char *name);
bool name_is_identifier(const char *s);

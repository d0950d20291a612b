// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration.h"
#include "sync/declaration_read.h"

#define KEY_PATH_MAX 160
#define SQL_NAME_MAX 63 /* PostgreSQL cuts longer identifiers */

struct list {
	void *at;
	size_t n;
};

void pool_own(struct pool *pool, void *p)
{
	pool->owned = mem_realloc(pool->owned, (pool->n + 1) * sizeof *pool->owned);
	pool->owned[pool->n++] = p;
}

void pool_done(struct pool *pool)
{
	for (size_t i = 0; i < pool->n; i++)
		free(pool->owned[i]);
	free(pool->owned);
	*pool = (struct pool){0};
}

bool name_is_identifier(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz_0123456789");
	return n && n <= SQL_NAME_MAX && !s[n] && !(s[0] >= '0' && s[0] <= '9');
}

/* "resources[2].paging.stop" */
static void key_path(const config_setting_t *s, char *out, size_t max)
{
	out[0] = '\0';
	if (!s || config_setting_is_root(s))
		return;
	const config_setting_t *parent = config_setting_parent(s);
	key_path(parent, out, max);
	size_t n = strlen(out);
	if (config_setting_name(s))
		snprintf(out + n, max - n, "%s%s", n ? "." : "", config_setting_name(s));
	else
		snprintf(out + n, max - n, "[%d]", config_setting_index(s));
}

enum rc reader_fail(const struct reader *r, const config_setting_t *at, const char *fmt, ...)
{
	char path[KEY_PATH_MAX];
	char text[ERR_TEXT_MAX];
	va_list args;
	key_path(at, path, sizeof path);
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return err_set(r->err, RC_INVALID, "%s:%u: %s%s%s", r->file, MAX(config_setting_source_line(at), 1),
	    path, path[0] ? ": " : "", text);
}

const config_setting_t *reader_at(const config_setting_t *from, const char *name)
{
	const config_setting_t *at = config_setting_get_member(from, name);
	return at ? at : from;
}

static void join_words(const char *const *words, char *out, size_t max)
{
	size_t at = 0;
	for (size_t i = 0; words[i] && at < max; i++)
		at += (size_t)snprintf(out + at, max - at, "%s%s", i ? ", " : "", words[i]);
}

static void join_keys(const struct group *g, char *out, size_t max)
{
	size_t at = 0;
	for (size_t i = 0; i < g->nkeys && at < max; i++)
		at += (size_t)snprintf(out + at, max - at, "%s%s", i ? ", " : "", g->keys[i].name);
}

/* ---- one value ---- */

static enum rc read_string(const struct reader *r, const config_setting_t *from, const char **ret)
{
	if (config_setting_type(from) != CONFIG_TYPE_STRING)
		return reader_fail(r, from, "has to be text in quotes");
	*ret = config_setting_get_string(from);
	return RC_OK;
}

static enum rc read_name(const struct reader *r, const config_setting_t *from, const char **ret)
{
	const char *s = "";
	enum rc rc = read_string(r, from, &s);
	if (rc)
		return rc;
	if (!name_is_identifier(s))
		return reader_fail(r, from,
		    "\"%s\" is no identifier; allowed are [a-z_][a-z0-9_]*, at most %d characters", s,
		    SQL_NAME_MAX);
	*ret = s;
	return RC_OK;
}

static enum rc read_template(const struct reader *r, const config_setting_t *from, struct template *ret)
{
	const char *s = "";
	struct err why = {0};
	enum rc rc = read_string(r, from, &s);
	if (rc)
		return rc;
	if (template_compile(s, ret, &why))
		return reader_fail(r, from, "%s", why.text);
	pool_own(r->pool, ret->part);
	return RC_OK;
}

static enum rc read_int(
    const struct reader *r, const struct key *key, const config_setting_t *from, int64_t *ret)
{
	int64_t max = key->max ? key->max : INT32_MAX;
	int type = config_setting_type(from);
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
		return reader_fail(r, from, "has to be a whole number");
	int64_t v = config_setting_get_int64(from);
	if (v < key->min || v > max)
		return reader_fail(r, from,
		    "%" PRId64 " is not allowed; it has to be within %" PRId64 " and %" PRId64, v, key->min,
		    max);
	*ret = v;
	return RC_OK;
}

static enum rc read_number(const struct reader *r, const config_setting_t *from, double *ret)
{
	if (!config_setting_is_number(from))
		return reader_fail(r, from, "has to be a number");
	double v = config_setting_type(from) == CONFIG_TYPE_FLOAT ? config_setting_get_float(from)
	                                                          : (double)config_setting_get_int64(from);
	if (v <= 0)
		return reader_fail(r, from, "has to be above 0");
	*ret = v;
	return RC_OK;
}

static enum rc read_bool(const struct reader *r, const config_setting_t *from, bool *ret)
{
	if (config_setting_type(from) != CONFIG_TYPE_BOOL)
		return reader_fail(r, from, "has to be true or false");
	*ret = config_setting_get_bool(from) != 0;
	return RC_OK;
}

static enum rc read_word(
    const struct reader *r, const struct key *key, const config_setting_t *from, unsigned *ret)
{
	const char *s = "";
	enum rc rc = read_string(r, from, &s);
	if (rc)
		return rc;
	for (unsigned i = 0; key->words[i]; i++)
		if (strcmp(key->words[i], s) == 0) {
			*ret = i;
			return RC_OK;
		}
	char allowed[ERR_TEXT_MAX / 2] = "";
	join_words(key->words, allowed, sizeof allowed);
	return reader_fail(r, from, "\"%s\" is not allowed; it has to be one of: %s", s, allowed);
}

/* ---- several values ---- */

static enum rc check_sequence(const struct reader *r, const config_setting_t *from, const char *what)
{
	if (config_setting_type(from) == CONFIG_TYPE_ARRAY || config_setting_type(from) == CONFIG_TYPE_LIST)
		return RC_OK;
	return reader_fail(r, from, "has to be a list of %s", what);
}

static void *new_array(const struct reader *r, const config_setting_t *from, size_t size, size_t *ret_n)
{
	*ret_n = (size_t)config_setting_length(from);
	void *p = mem_array(*ret_n ? *ret_n : 1, size);
	pool_own(r->pool, p);
	return p;
}

static enum rc read_flags(
    const struct reader *r, const struct key *key, const config_setting_t *from, unsigned *ret)
{
	enum rc rc = check_sequence(r, from, "words: [\"...\", ...]");
	unsigned flags = 0;
	for (int i = 0; !rc && i < config_setting_length(from); i++) {
		unsigned word = 0;
		rc = read_word(r, key, config_setting_get_elem(from, (unsigned)i), &word);
		flags |= 1u << word;
	}
	if (!rc)
		*ret = flags;
	return rc;
}

static enum rc read_texts(const struct reader *r, const config_setting_t *from, struct texts *ret)
{
	enum rc rc = check_sequence(r, from, "texts: [\"...\", ...]");
	if (rc)
		return rc;
	ret->at = new_array(r, from, sizeof *ret->at, &ret->n);
	for (size_t i = 0; !rc && i < ret->n; i++)
		rc = read_string(r, config_setting_get_elem(from, (unsigned)i), &ret->at[i]);
	return rc;
}

static enum rc read_ints(
    const struct reader *r, const struct key *key, const config_setting_t *from, struct ints *ret)
{
	enum rc rc = check_sequence(r, from, "whole numbers: [...]");
	if (rc)
		return rc;
	ret->at = new_array(r, from, sizeof *ret->at, &ret->n);
	for (size_t i = 0; !rc && i < ret->n; i++)
		rc = read_int(r, key, config_setting_get_elem(from, (unsigned)i), &ret->at[i]);
	return rc;
}

static enum rc read_list(
    const struct reader *r, const struct group *g, const config_setting_t *from, struct list *ret)
{
	if (config_setting_type(from) != CONFIG_TYPE_LIST)
		return reader_fail(r, from, "has to be a list of groups: ( { ... }, ... )");
	char *at = new_array(r, from, g->size, &ret->n);
	enum rc rc = RC_OK;
	ret->at = at;
	for (size_t i = 0; !rc && i < ret->n; i++)
		rc = reader_read(r, g, config_setting_get_elem(from, (unsigned)i), at + i * g->size);
	return rc;
}

static enum rc read_int32(
    const struct reader *r, const struct key *key, const config_setting_t *from, int *ret)
{
	int64_t v = 0;
	enum rc rc = read_int(r, key, from, &v);
	if (!rc)
		*ret = (int)v;
	return rc;
}

static enum rc read_tristate(const struct reader *r, const config_setting_t *from, enum tristate *ret)
{
	bool v = false;
	enum rc rc = read_bool(r, from, &v);
	if (!rc)
		*ret = v ? TRI_YES : TRI_NO;
	return rc;
}

static enum rc read_value(
    const struct reader *r, const struct key *key, const config_setting_t *from, void *to)
{
	switch (key->type) {
	case KEY_TEXT:
		return read_string(r, from, to);
	case KEY_NAME:
		return read_name(r, from, to);
	case KEY_TEMPLATE:
		return read_template(r, from, to);
	case KEY_INT:
		return read_int(r, key, from, to);
	case KEY_INT32:
		return read_int32(r, key, from, to);
	case KEY_NUMBER:
		return read_number(r, from, to);
	case KEY_BOOL:
		return read_bool(r, from, to);
	case KEY_TRISTATE:
		return read_tristate(r, from, to);
	case KEY_ENUM:
		return read_word(r, key, from, to);
	case KEY_FLAGS:
		return read_flags(r, key, from, to);
	case KEY_TEXTS:
		return read_texts(r, from, to);
	case KEY_INTS:
		return read_ints(r, key, from, to);
	case KEY_GROUP:
		return reader_read(r, key->group, from, to);
	case KEY_LIST:
		return read_list(r, key->group, from, to);
	}
	return RC_INVALID;
}

/* ---- a group ---- */

static enum rc refuse_unknown(const struct reader *r, const struct group *g, const config_setting_t *from)
{
	for (int i = 0; i < config_setting_length(from); i++) {
		const config_setting_t *s = config_setting_get_elem(from, (unsigned)i);
		bool known = false;
		for (size_t k = 0; k < g->nkeys && !known; k++)
			known = strcmp(g->keys[k].name, config_setting_name(s)) == 0;
		if (known)
			continue;
		char allowed[ERR_TEXT_MAX * 3 / 4] = "";
		join_keys(g, allowed, sizeof allowed);
		return reader_fail(r, s, "unknown key; allowed are: %s", allowed);
	}
	return RC_OK;
}

enum rc reader_read(const struct reader *r, const struct group *group, const config_setting_t *from, void *to)
{
	if (config_setting_type(from) != CONFIG_TYPE_GROUP)
		return reader_fail(r, from, "has to be a group: { key = value; ... }");
	enum rc rc = refuse_unknown(r, group, from);
	if (rc)
		return rc;
	if (group->defaults)
		memcpy(to, group->defaults, group->size);
	for (size_t i = 0; !rc && i < group->nkeys; i++) {
		const struct key *key = &group->keys[i];
		const config_setting_t *s = config_setting_get_member(from, key->name);
		if (s)
			rc = read_value(r, key, s, (char *)to + key->offset);
		else if (key->required)
			rc = reader_fail(r, from, "the key \"%s\" is missing", key->name);
	}
	return rc;
}

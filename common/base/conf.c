// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/conf_internal.h"

size_t conf_find(const struct conf_program *program, struct str name)
{
	size_t i = 0;

	while (i < program->noptions && !str_is(name, program->options[i].name))
		i++;
	return i;
}

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static enum rc set_string(
    struct conf *conf, size_t index, struct str text, const char *origin, struct err *err)
{
	const struct conf_option *o = &conf->program->options[index];
	struct conf_value *value = &conf->values[index];

	if (memchr(text.p, '\0', text.n))
		return err_set(err, RC_INVALID, "%s: %s: must not hold a NUL byte", origin, o->name);
	if (text.n > CONF_VALUE_MAX || (o->max && (int64_t)text.n > o->max))
		return err_set(err, RC_INVALID, "%s: %s: must have at most %" PRId64 " bytes", origin,
		    o->name, o->max ? o->max : CONF_VALUE_MAX);
	if ((int64_t)text.n < o->min)
		return err_set(
		    err, RC_INVALID, "%s: %s: must have at least %" PRId64 " bytes", origin, o->name, o->min);
	wipe(value->text);
	value->text = mem_strndup(text.p, text.n);
	memcpy(conf->target + o->offset, &value->text, sizeof value->text);
	return RC_OK;
}

static enum rc set_int(
    struct conf *conf, const struct conf_option *o, struct str text, const char *origin, struct err *err)
{
	int64_t number;

	if (!str_to_i64(text, &number))
		return err_set(err, RC_INVALID, "%s: %s: must be an integer", origin, o->name);
	if ((o->min || o->max) && (number < o->min || number > o->max))
		return err_set(err, RC_INVALID,
		    "%s: %s: %" PRId64 " is out of range: %" PRId64 " to %" PRId64, origin, o->name, number,
		    o->min, o->max);
	memcpy(conf->target + o->offset, &number, sizeof number);
	return RC_OK;
}

static enum rc set_bool(
    struct conf *conf, const struct conf_option *o, struct str text, const char *origin, struct err *err)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		bool flag = i % 2;

		if (!str_is(text, words[i]))
			continue;
		memcpy(conf->target + o->offset, &flag, sizeof flag);
		return RC_OK;
	}
	return err_set(err, RC_INVALID, "%s: %s: must be true or false", origin, o->name);
}

static enum rc set_enum(
    struct conf *conf, const struct conf_option *o, struct str text, const char *origin, struct err *err)
{
	struct str rest = str_of(o->allowed);

	for (int i = 0; rest.n; i++) {
		if (!str_eq(str_cut(&rest, '|'), text))
			continue;
		memcpy(conf->target + o->offset, &i, sizeof i);
		return RC_OK;
	}
	return err_set(err, RC_INVALID, "%s: %s: must be one of %s", origin, o->name, o->allowed);
}

static enum rc set_value(
    struct conf *conf, size_t index, struct str text, const char *origin, struct err *err)
{
	const struct conf_option *o = &conf->program->options[index];

	switch (o->type) {
	case CONF_TYPE_STRING:
		return set_string(conf, index, text, origin, err);
	case CONF_TYPE_INT:
		return set_int(conf, o, text, origin, err);
	case CONF_TYPE_BOOL:
		return set_bool(conf, o, text, origin, err);
	case CONF_TYPE_ENUM:
		return set_enum(conf, o, text, origin, err);
	}
	return err_set(err, RC_INVALID, "%s: no such type", o->name);
}

enum rc conf_set(struct conf *conf, size_t index, struct str text, const char *origin, struct err *err)
{
	enum rc rc = set_value(conf, index, text, origin, err);

	if (rc == RC_OK)
		conf->values[index].was_set = true;
	return rc;
}

/* Defaults are not held against ranges when there is none to hold: an absent int is 0, an absent enum its
 * first value. */
static void set_default(struct conf *conf, size_t index)
{
	const struct conf_option *o = &conf->program->options[index];
	static const size_t size[] = {sizeof(char *), sizeof(int64_t), sizeof(bool), sizeof(int)};
	struct err err;

	if (o->type == CONF_TYPE_STRING) {
		conf->values[index].text = mem_strdup(o->fallback ? o->fallback : "");
		memcpy(conf->target + o->offset, &conf->values[index].text, sizeof(char *));
	} else if (!o->fallback) {
		memset(conf->target + o->offset, 0, size[o->type]);
	} else if (set_value(conf, index, str_of(o->fallback), "default", &err) != RC_OK) {
		fprintf(stderr, "%s\n", err.text);
		abort(); /* the table is wrong, not the world */
	}
}

struct conf *conf_new(const struct conf_program *program, void *target)
{
	struct conf *conf = mem_zalloc(sizeof *conf);

	conf->program = program;
	conf->target = target;
	conf->values = mem_array(program->noptions, sizeof *conf->values);
	for (size_t i = 0; i < program->noptions; i++)
		set_default(conf, i);
	return conf;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->program->noptions; i++)
		wipe(conf->values[i].text);
	free(conf->values);
	free(conf->positional);
	free(conf->file);
	free(conf);
}

bool conf_was_set(const struct conf *conf, const char *name)
{
	size_t index = conf_find(conf->program, str_of(name));

	return index < conf->program->noptions && conf->values[index].was_set;
}

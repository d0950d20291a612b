// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/conf_internal.h"

#include <errno.h>
#include <libconfig.h>

#define NAME_MAX_BYTES 128 /* of a setting with its groups; every name of ours is shorter */
#define DEPTH_MAX 8        /* groups within groups */
#define ORIGIN_MAX 256     /* "path:line" in an error */

struct place {
	struct conf *conf;
	struct err *err;
	char name[NAME_MAX_BYTES]; /* of the group, with a '.' at the end */
	int depth;
};

static void origin_of(const struct conf *conf, const config_setting_t *s, char ret[ORIGIN_MAX])
{
	const char *file = config_setting_source_file(s);

	snprintf(ret, ORIGIN_MAX, "%.200s:%u", file ? file : conf->file, config_setting_source_line(s));
}

/* Whether any option lives in the group `name` ("database."). */
static bool group_exists(const struct conf_program *program, struct str name)
{
	for (size_t i = 0; i < program->noptions; i++) {
		if (str_starts(str_of(program->options[i].name), name) && !program->options[i].flag_only)
			return true;
	}
	return false;
}

static const char *type_wanted(enum conf_type type)
{
	static const char *const words[] = {
	    "a text in quotes", "an integer", "true or false", "a text in quotes"};

	return words[type];
}

/* The scalar as text, when its type fits the option. */
static bool scalar_text(const config_setting_t *s, enum conf_type type, char number[24], struct str *ret)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		snprintf(number, 24, "%lld", config_setting_get_int64(s));
		*ret = str_of(number);
		return type == CONF_TYPE_INT;
	case CONFIG_TYPE_BOOL:
		*ret = config_setting_get_bool(s) ? STR("true") : STR("false");
		return type == CONF_TYPE_BOOL;
	case CONFIG_TYPE_STRING:
		*ret = str_of(config_setting_get_string(s));
		return type == CONF_TYPE_STRING || type == CONF_TYPE_ENUM;
	default:
		return false;
	}
}

static enum rc read_option(
    const struct place *at, size_t index, const config_setting_t *s, const char *origin)
{
	const struct conf_option *o = &at->conf->program->options[index];
	char number[24];
	char env[CONF_ENV_MAX];
	struct str text;

	if (o->secret) {
		conf_env_name(o, env);
		return err_set(at->err, RC_INVALID,
		    "%s: %s is a secret and not for this file: set %s or %s_FILE", origin, o->name, env, env);
	}
	if (!scalar_text(s, o->type, number, &text))
		return err_set(
		    at->err, RC_INVALID, "%s: %s: must be %s", origin, o->name, type_wanted(o->type));
	return conf_set(at->conf, index, text, origin, at->err);
}

static enum rc read_group(const struct place *at, const config_setting_t *group);

static enum rc read_setting(const struct place *at, const config_setting_t *s)
{
	const struct conf_program *program = at->conf->program;
	struct place inner = *at;
	char origin[ORIGIN_MAX];

	origin_of(at->conf, s, origin);
	int n = snprintf(inner.name, sizeof inner.name, "%s%s", at->name, config_setting_name(s));
	if ((size_t)n + 1 >= sizeof inner.name || at->depth == DEPTH_MAX)
		return err_set(at->err, RC_INVALID, "%s: unknown setting, its name is too long", origin);
	size_t index = conf_find(program, str_of(inner.name));
	if (index < program->noptions && !program->options[index].flag_only)
		return read_option(at, index, s, origin);
	if (config_setting_is_group(s)) {
		inner.name[n] = '.';
		inner.name[n + 1] = '\0';
		inner.depth++;
		if (group_exists(program, str_of(inner.name)))
			return read_group(&inner, s);
		inner.name[n] = '\0';
	}
	conf_unknown(program, "setting", str_of(inner.name), at->err);
	return err_prefix(at->err, "%s", origin);
}

static enum rc read_group(const struct place *at, const config_setting_t *group)
{
	unsigned n = (unsigned)config_setting_length(group);

	for (unsigned i = 0; i < n; i++) {
		if (read_setting(at, config_setting_get_elem(group, i)) != RC_OK)
			return at->err->rc;
	}
	return RC_OK;
}

static enum rc parse_file(config_t *file, const char *path, struct err *err)
{
	FILE *stream = fopen(path, "re");

	if (!stream)
		return err_set(err, RC_INVALID, "%s: %s", path, strerror(errno));
	int good = config_read(file, stream);
	(void)fclose(stream);
	if (good)
		return RC_OK;
	const char *name = config_error_file(file);
	return err_set(err, RC_INVALID, "%s:%d: %s", name ? name : path, config_error_line(file),
	    config_error_text(file));
}

enum rc conf_read_file(struct conf *conf, struct err *err)
{
	struct place root = {.conf = conf, .err = err};
	config_t file;

	config_init(&file);
	enum rc rc = parse_file(&file, conf->file, err);
	if (rc == RC_OK)
		rc = read_group(&root, config_root_setting(&file));
	config_destroy(&file);
	return rc;
}

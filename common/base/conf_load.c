// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/conf_internal.h"

#include <errno.h>

#include "base/failpoint.h"
#include "base/process.h"
#include "base/version.h"

/* ---- environment ---- */

void conf_env_name(const struct conf_option *option, char ret[CONF_ENV_MAX])
{
	size_t n = (size_t)snprintf(ret, CONF_ENV_MAX, "SYNCFLEET_");

	for (const char *p = option->name; *p && n + 3 < CONF_ENV_MAX; p++) {
		if (*p == '.')
			ret[n++] = '_';
		ret[n++] = (char)(*p == '.' ? '_' : (*p >= 'a' && *p <= 'z') ? *p - 'a' + 'A' : *p);
	}
	ret[n] = '\0';
}

static const char *env_get(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The value is in the file at `path`, as secrets are mounted into containers. */
static enum rc set_from_file(
    struct conf *conf, size_t index, const char *path, const char *env, struct err *err)
{
	char *text = mem_alloc(CONF_VALUE_MAX + 2);
	FILE *file = fopen(path, "re");
	enum rc rc = RC_INVALID;

	if (!file) {
		err_set(err, RC_INVALID, "%s: cannot read %s: %s", env, path, strerror(errno));
	} else {
		struct str value = {text, fread(text, 1, CONF_VALUE_MAX + 2, file)};

		if (value.n && value.p[value.n - 1] == '\n')
			value.n--;
		if (ferror(file))
			err_set(err, RC_INVALID, "%s: cannot read %s", env, path);
		else
			rc = conf_set(conf, index, value, env, err);
		(void)fclose(file);
	}
	explicit_bzero(text, CONF_VALUE_MAX + 2);
	free(text);
	return rc;
}

/* Names that others have given the variable, when ours is not there. */
static enum rc read_other_names(struct conf *conf, size_t index, struct err *err)
{
	struct str rest = str_of(conf->program->options[index].also);
	char name[CONF_ENV_MAX];

	while (rest.n) {
		struct str one = str_cut(&rest, '|');

		snprintf(name, sizeof name, "%.*s", STR_ARG(one));
		const char *value = env_get(name);

		if (value)
			return conf_set(conf, index, str_of(value), name, err);
	}
	return RC_OK;
}

static enum rc read_env_option(struct conf *conf, size_t index, struct err *err)
{
	const struct conf_option *o = &conf->program->options[index];
	char name[CONF_ENV_MAX];
	char file_name[CONF_ENV_MAX + 8];

	conf_env_name(o, name);
	snprintf(file_name, sizeof file_name, "%s_FILE", name);
	const char *value = env_get(name);
	const char *path = o->type == CONF_TYPE_STRING ? env_get(file_name) : NULL;
	if (value && path)
		return err_set(err, RC_INVALID, "%s and %s are both set: keep one", name, file_name);
	if (path)
		return set_from_file(conf, index, path, file_name, err);
	return value ? conf_set(conf, index, str_of(value), name, err) : read_other_names(conf, index, err);
}

static enum rc read_env(struct conf *conf, struct err *err)
{
	for (size_t i = 0; i < conf->program->noptions; i++) {
		if (conf->program->options[i].flag_only)
			continue;
		if (read_env_option(conf, i, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

/* ---- flags ---- */

/* The arguments are walked twice: first for --config and what only prints, then, over file and environment,
 * for values. */
struct walk {
	struct conf *conf;
	char **argv;
	int argc;
	int at;
	bool apply;
	struct err *err;
};

static enum conf_action usage_error(struct walk *w, const char *flag, const char *problem)
{
	err_set(w->err, RC_INVALID, "%s: %s", flag, problem);
	return CONF_USAGE;
}

/* The value behind '=' or in the next argument; p NULL when there is none. */
static struct str flag_value(struct walk *w, const char *equals)
{
	if (equals)
		return str_of(equals + 1);
	if (w->at + 1 < w->argc)
		return str_of(w->argv[++w->at]);
	return (struct str){0};
}

/* Flags that every program has. CONF_BAD: it is none of them. */
static enum conf_action builtin_flag(struct walk *w, struct str name, const char *equals)
{
	if (str_is(name, "config")) {
		struct str file = flag_value(w, equals);

		if (!file.n)
			return usage_error(w, "--config", "needs a file");
		free(w->conf->file);
		w->conf->file = mem_strndup(file.p, file.n);
		return CONF_RUN;
	}
	if (equals)
		return CONF_BAD;
	if (str_is(name, "check-config")) {
		w->conf->check = true;
		return CONF_RUN;
	}
	if (str_is(name, "help"))
		conf_print_usage(w->conf->program, stdout);
	else if (str_is(name, "help-config"))
		conf_print_help(w->conf->program, stdout);
	else if (str_is(name, "version"))
		printf("%s %s (%s)\n", w->conf->program->name, version_text(), version_commit());
#ifdef SYNCFLEET_FAILPOINTS
	else if (str_is(name, "failpoints"))
		failpoint_list();
#endif
	else
		return CONF_BAD;
	return CONF_EXIT;
}

static enum conf_action option_flag(struct walk *w, size_t index, const char *flag, const char *equals)
{
	const struct conf_option *o = &w->conf->program->options[index];
	struct str value = STR("true");
	char env[CONF_ENV_MAX];

	if (o->secret) {
		conf_env_name(o, env);
		err_set(w->err, RC_INVALID, "%s is a secret, others could read it here: set %s or %s_FILE",
		    o->name, env, env);
		return CONF_USAGE;
	}
	if (o->type != CONF_TYPE_BOOL || equals)
		value = flag_value(w, equals);
	if (!value.p)
		return usage_error(w, flag, "needs a value");
	if (w->apply && conf_set(w->conf, index, value, "flag", w->err) != RC_OK)
		return CONF_USAGE;
	return CONF_RUN;
}

static enum conf_action short_flag(struct walk *w, const char *arg)
{
	const struct conf_program *program = w->conf->program;
	const char *equals = arg[2] ? arg + 1 : NULL; /* -ojson: the value begins after the letter */

	if (strcmp(arg, "-h") == 0)
		return builtin_flag(w, STR("help"), NULL);
	for (size_t i = 0; i < program->noptions; i++) {
		if (program->options[i].letter == arg[1])
			return option_flag(w, i, arg, equals);
	}
	return usage_error(w, arg, "unknown flag, see --help");
}

static enum conf_action long_flag(struct walk *w, const char *arg)
{
	const char *equals = strchr(arg, '=');
	struct str name = {arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2)};
	enum conf_action action = builtin_flag(w, name, equals);

	if (action != CONF_BAD)
		return action;
	size_t index = conf_find(w->conf->program, name);
	if (index < w->conf->program->noptions)
		return option_flag(w, index, arg, equals);
	conf_unknown(w->conf->program, "flag", name, w->err);
	return CONF_USAGE;
}

static enum conf_action walk_flags(struct conf *conf, int argc, char **argv, bool apply, struct err *err)
{
	struct walk w = {conf, argv, argc, 0, apply, err};
	bool only_positional = false;

	conf->npositional = 0;
	for (w.at = 1; w.at < argc; w.at++) {
		char *arg = argv[w.at];
		enum conf_action action = CONF_RUN;

		if (only_positional || arg[0] != '-' || !arg[1])
			conf->positional[conf->npositional++] = arg;
		else if (strcmp(arg, "--") == 0)
			only_positional = true;
		else
			action = arg[1] == '-' ? long_flag(&w, arg) : short_flag(&w, arg);
		if (action != CONF_RUN)
			return action;
	}
	if (conf->npositional && !conf->program->positional)
		return usage_error(&w, conf->positional[0], "unexpected argument, see --help");
	return CONF_RUN;
}

/* ---- all together ---- */

static enum conf_action check_required(const struct conf *conf, struct err *err)
{
	char env[CONF_ENV_MAX];

	for (size_t i = 0; i < conf->program->noptions; i++) {
		const struct conf_option *o = &conf->program->options[i];

		if (o->type != CONF_TYPE_STRING || o->min < 1 || conf->values[i].text[0])
			continue;
		if (o->flag_only) {
			err_set(err, RC_INVALID, "--%s is missing: %s", o->name, o->help);
			return CONF_USAGE;
		}
		conf_env_name(o, env);
		err_set(err, RC_INVALID, "%s is not set: use %s%s%s", o->name, env, o->secret ? "" : " or --",
		    o->secret ? "" : o->name);
		return CONF_BAD;
	}
	return CONF_RUN;
}

enum conf_action conf_load(struct conf *conf, int argc, char **argv, struct err *err)
{
	const char *file = env_get("SYNCFLEET_CONFIG");

	free(conf->file);
	conf->file = NULL;
	free(conf->positional);
	conf->positional = mem_array((size_t)MAX(argc, 1), sizeof *conf->positional);
	enum conf_action action = walk_flags(conf, argc, argv, false, err);
	if (action != CONF_RUN)
		return action;
	if (!conf->file && file)
		conf->file = mem_strdup(file);
	if (conf->file && conf_read_file(conf, err) != RC_OK)
		return CONF_BAD;
	if (read_env(conf, err) != RC_OK)
		return CONF_BAD;
	action = walk_flags(conf, argc, argv, true, err);
	if (action == CONF_RUN)
		action = check_required(conf, err);
	return action == CONF_RUN && conf->check ? CONF_CHECK : action;
}

char **conf_positional(const struct conf *conf, int *ret_n)
{
	*ret_n = conf->npositional;
	return conf->positional;
}

int conf_exit_code(enum conf_action action)
{
	return action == CONF_USAGE ? PROCESS_USAGE : action == CONF_BAD ? PROCESS_CONFIG : PROCESS_OK;
}

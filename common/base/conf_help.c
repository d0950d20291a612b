// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/conf_internal.h"

#include "base/buf.h"

#define NAME_LEN_MAX 64 /* of names that are shown */
#define SUGGESTIONS 3

static struct str last_word(struct str name)
{
	const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;

	return dot ? (struct str){dot + 1, name.n - (size_t)(dot + 1 - name.p)} : name;
}

/* How far an option is from what was written; the right word in the wrong group is near. */
static size_t remoteness(const char *option, struct str name)
{
	if (str_eq(last_word(str_of(option)), last_word(name)))
		return 1;
	return str_distance(str_of(option), name);
}

/* The nearest option that is not yet in `taken`, or NULL when none is near enough to be meant. */
static const char *nearest(
    const struct conf_program *program, struct str name, const char *const *taken, size_t n)
{
	const char *best = NULL;
	size_t best_distance = MAX(name.n / 3, 2) + 1;

	for (size_t i = 0; i < program->noptions; i++) {
		const char *option = program->options[i].name;
		size_t d = remoteness(option, name);
		bool used = false;

		for (size_t k = 0; k < n; k++)
			used = used || taken[k] == option;
		if (used || d >= best_distance)
			continue;
		best = option;
		best_distance = d;
	}
	return best;
}

enum rc conf_unknown(const struct conf_program *program, const char *what, struct str name, struct err *err)
{
	const char *near[SUGGESTIONS];
	size_t n = 0;
	struct buf list = BUF((size_t)SUGGESTIONS * NAME_LEN_MAX);

	while (n < SUGGESTIONS && (near[n] = nearest(program, name, near, n)))
		n++;
	for (size_t i = 0; i < n; i++)
		buf_printf(&list, "%s%s", i ? ", " : "", near[i]);
	struct str shown = {name.p, MIN(name.n, NAME_LEN_MAX)};
	if (n)
		err_set(err, RC_INVALID, "unknown %s %.*s; did you mean %s?", what, STR_ARG(shown),
		    buf_text(&list));
	else
		err_set(err, RC_INVALID, "unknown %s %.*s; --help-config lists all", what, STR_ARG(shown));
	buf_done(&list);
	return RC_INVALID;
}

/* ---- tables ---- */

static void allowed_text(const struct conf_option *o, char *ret, size_t size)
{
	switch (o->type) {
	case CONF_TYPE_BOOL:
		snprintf(ret, size, "true|false");
		break;
	case CONF_TYPE_ENUM:
		snprintf(ret, size, "%s", o->allowed);
		break;
	case CONF_TYPE_INT:
		if (o->min || o->max)
			snprintf(ret, size, "%" PRId64 "..%" PRId64, o->min, o->max);
		else
			snprintf(ret, size, "integer");
		break;
	case CONF_TYPE_STRING:
		snprintf(
		    ret, size, "%s%s", o->secret ? "secret text" : "text", o->min ? ", must be set" : "");
		break;
	}
}

void conf_print_help(const struct conf_program *program, FILE *out)
{
	char allowed[96];
	char env[CONF_ENV_MAX];

	fprintf(out, "%-26s %-22s %-24s %-40s %s\n", "NAME", "DEFAULT", "ALLOWED", "ENVIRONMENT", "HELP");
	for (size_t i = 0; i < program->noptions; i++) {
		const struct conf_option *o = &program->options[i];

		if (o->flag_only)
			continue;
		allowed_text(o, allowed, sizeof allowed);
		conf_env_name(o, env);
		fprintf(out, "%-26s %-22s %-24s %-40s %s\n", o->name,
		    o->fallback && *o->fallback ? o->fallback : "-", allowed, env, o->help);
	}
	fprintf(out,
	    "\nSources, the later wins: default, --config FILE (or SYNCFLEET_CONFIG), environment, "
	    "--NAME=VALUE.\n"
	    "A text can also be in a file that the variable ENVIRONMENT_FILE names; secrets come from the "
	    "environment only.\n");
}

void conf_print_usage(const struct conf_program *program, FILE *out)
{
	fprintf(out, "usage: %s [FLAGS]%s%s\n", program->name, program->positional ? " " : "",
	    program->positional ? program->positional : "");
	if (program->usage)
		fprintf(out, "%s\n", program->usage);
	fprintf(out, "\n  --config FILE    read settings from FILE\n"
	             "  --NAME=VALUE     any setting of --help-config\n"
	             "  --help-config    print all settings\n"
	             "  --check-config   check the settings and exit\n"
	             "  --version        print the version\n");
	for (size_t i = 0; i < program->noptions; i++) {
		const struct conf_option *o = &program->options[i];
		char letter[8] = "   ";

		if (!o->flag_only)
			continue;
		if (o->letter)
			snprintf(letter, sizeof letter, "-%c,", o->letter);
		fprintf(out, "%s --%-20s %s\n", letter, o->name, o->help);
	}
}

// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What holds for every row of a program's table of options, whatever the program; include after its
 * "settings.h". The tests of a row are made from the row. For tests only.
 */
#include "base/base.h"
#include "base/conf.h"

#include <ctype.h>
#include <setjmp.h>

#include <cmocka.h>

#define ENV_MAX 160

/* One loading of the settings; `argv` is what follows the program's name. */
struct loaded {
	struct settings settings;
	struct conf *conf;
	enum conf_action action;
	struct err err;
};

/* "database.url" is SYNCFLEET_DATABASE__URL. */
static inline void env_name(const struct conf_option *o, char ret[ENV_MAX])
{
	int n = snprintf(ret, ENV_MAX, "SYNCFLEET_");

	for (const char *p = o->name; *p; p++)
		n += snprintf(ret + n, ENV_MAX - (size_t)n, "%s",
		    *p == '.' ? "__" : (char[]){(char)toupper((unsigned char)*p), '\0'});
}

static inline bool is_required(const struct conf_option *o)
{
	return o->type == CONF_TYPE_STRING && o->min > 0 && !o->fallback;
}

/* A group's setup: only what must be set is in the environment. */
static inline int settings_environment(void **state)
{
	(void)state;
	unsetenv("SYNCFLEET_CONFIG");
	for (size_t i = 0; i < settings_program.noptions; i++) {
		char name[ENV_MAX];

		env_name(&settings_program.options[i], name);
		unsetenv(name);
		if (is_required(&settings_program.options[i]))
			setenv(name, "something", 1);
	}
	return 0;
}

static inline void load_settings(struct loaded *l, const char *flag)
{
	char program[] = "program";
	AUTO(mem_free_ptr) char *copy = mem_strdup(flag ? flag : "");
	char *argv[] = {program, copy, NULL};

	*l = (struct loaded){0};
	l->conf = conf_new(&settings_program, &l->settings);
	l->action = conf_load(l->conf, flag ? 2 : 1, argv, &l->err);
}

/* The action of one more flag; its error is checked to name the option. */
static inline enum conf_action action_of(const struct conf_option *o, const char *value)
{
	AUTO(mem_free_ptr) char *flag = mem_printf("--%s=%s", o->name, value);
	struct loaded l;

	load_settings(&l, flag);
	if (l.action != CONF_RUN && !strstr(l.err.text, o->name))
		fail_msg("%s: %s", flag, l.err.text);
	conf_free(l.conf);
	return l.action;
}

static inline int64_t int_of(const struct settings *s, const struct conf_option *o)
{
	int64_t value;

	memcpy(&value, (const char *)s + o->offset, sizeof value);
	return value;
}

static inline void rows_are_well_formed(void **state)
{
	const struct conf_option *all = settings_program.options;

	(void)state;
	for (size_t i = 0; i < settings_program.noptions; i++) {
		assert_int_equal(
		    all[i].name[strspn(all[i].name, "abcdefghijklmnopqrstuvwxyz0123456789_.")], '\0');
		assert_true(all[i].help && all[i].help[0]);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(all[i].name, all[k].name);
			assert_true(all[i].offset != all[k].offset);
		}
	}
}

static inline void numbers_are_held_against_their_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < settings_program.noptions; i++) {
		const struct conf_option *o = &settings_program.options[i];
		const int64_t values[] = {o->min, o->max, o->min - 1, o->max + 1};

		if (o->type != CONF_TYPE_INT)
			continue;
		if (!o->fallback || o->min >= o->max)
			fail_msg("%s has no default or no range", o->name);
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			char text[32];

			snprintf(text, sizeof text, "%" PRId64, values[v]);
			if (action_of(o, text) != (v < 2 ? CONF_RUN : CONF_USAGE))
				fail_msg("%s=%s", o->name, text);
		}
		assert_int_equal(action_of(o, "many"), CONF_USAGE);
		assert_int_equal(action_of(o, "1s"), CONF_USAGE);
	}
}

static inline void what_must_be_set_is_missed(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < settings_program.noptions; i++) {
		const struct conf_option *o = &settings_program.options[i];
		char name[ENV_MAX];
		struct loaded l;

		if (!is_required(o))
			continue;
		env_name(o, name);
		unsetenv(name);
		load_settings(&l, NULL);
		assert_int_equal(l.action, CONF_BAD);
		assert_non_null(strstr(l.err.text, o->name));
		conf_free(l.conf);
		setenv(name, "something", 1);
		n++;
	}
	assert_true(n > 0);
}

static inline void secrets_are_no_flags(void **state)
{
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < settings_program.noptions; i++) {
		const struct conf_option *o = &settings_program.options[i];
		AUTO(mem_free_ptr) char *flag = mem_printf("--%s=canary", o->name);
		struct loaded l;

		if (!o->secret)
			continue;
		load_settings(&l, flag);
		assert_int_equal(l.action, CONF_USAGE);
		assert_null(strstr(l.err.text, "canary"));
		conf_free(l.conf);
		n++;
	}
	assert_true(n > 0);
}

/* What others rely on: other programs, the documentation, the machines that set them. */
struct expected_default {
	const char *name;
	const char *text; /* NULL: must be set */
	bool secret;
};

static inline void check_default(const struct expected_default *want)
{
	for (size_t i = 0; i < settings_program.noptions; i++) {
		const struct conf_option *o = &settings_program.options[i];

		if (strcmp(o->name, want->name) != 0)
			continue;
		assert_int_equal(o->secret, want->secret);
		assert_int_equal(is_required(o), want->text == NULL);
		if (want->text)
			assert_string_equal(o->fallback ? o->fallback : "", want->text);
		return;
	}
	fail_msg("there is no %s", want->name);
}

static inline void check_defaults(const struct expected_default *want, size_t n)
{
	struct loaded l;

	for (size_t i = 0; i < n; i++)
		check_default(&want[i]);
	load_settings(&l, NULL);
	assert_int_equal(l.action, CONF_RUN);
	for (size_t i = 0; i < settings_program.noptions; i++) {
		const struct conf_option *o = &settings_program.options[i];
		int64_t value;

		if (o->type != CONF_TYPE_INT)
			continue;
		assert_true(str_to_i64(str_of(o->fallback), &value));
		assert_int_equal(int_of(&l.settings, o), value);
	}
	conf_free(l.conf);
}

#define SETTINGS_TESTS                                                                                       \
	cmocka_unit_test(rows_are_well_formed), cmocka_unit_test(numbers_are_held_against_their_range),      \
	    cmocka_unit_test(what_must_be_set_is_missed), cmocka_unit_test(secrets_are_no_flags)

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include <unistd.h>

#include "base/buf.h"
#include "base/conf.h"

struct settings {
	const char *url;
	int64_t slots;
	bool plain;
	int level;
	const char *keys;
	const char *tenant;
};

static const struct conf_option options[] = {
    {.name = "database.url",
        CONF_STRING(struct settings, url),
        .fallback = "postgresql://localhost",
        .max = 60,
        .help = "where"},
    {.name = "worker.slots",
        CONF_INT(struct settings, slots),
        .fallback = "256",
        .min = 1,
        .max = 1000,
        .help = "how many"},
    {.name = "http.allow_plain_loopback", CONF_BOOL(struct settings, plain), .help = "plain HTTP"},
    {.name = "log.level",
        CONF_ENUM(struct settings, level),
        .fallback = "info",
        .allowed = "debug|info|warn",
        .help = "level"},
    {.name = "crypto.keys", CONF_STRING(struct settings, keys), .secret = true, .help = "the key ring"},
    {.name = "tenant",
        CONF_STRING(struct settings, tenant),
        .flag_only = true,
        .letter = 't',
        .help = "whose"},
};

static const struct conf_program program = {
    .name = "test", .options = options, .noptions = ARRAY_SIZE(options), .positional = "[WORD...]"};

struct fixture {
	struct settings settings;
	struct conf *conf;
	struct err err;
};

static const char *const variables[] = {"SYNCFLEET_CONFIG", "SYNCFLEET_DATABASE__URL",
    "SYNCFLEET_DATABASE__URL_FILE", "SYNCFLEET_WORKER__SLOTS", "SYNCFLEET_CRYPTO__KEYS",
    "SYNCFLEET_CRYPTO__KEYS_FILE", "SYNCFLEET_LOG__LEVEL", "SYNCFLEET_TENANT"};

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(sizeof *f);

	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
	memset(&f->settings, 0x5a, sizeof f->settings);
	f->conf = conf_new(&program, &f->settings);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	conf_free(f->conf);
	free(f);
	return 0;
}

/* Loads with up to three arguments. */
static enum conf_action load(struct fixture *f, const char *a, const char *b, const char *c)
{
	static char copies[4][300];
	char *argv[5] = {copies[0], NULL};
	const char *given[] = {"test", a, b, c};
	int argc = 0;

	for (int i = 0; i < 4 && given[i]; i++, argc++) {
		snprintf(copies[i], sizeof copies[i], "%s", given[i]);
		argv[i] = copies[i];
	}
	memset(&f->err, 0, sizeof f->err);
	return conf_load(f->conf, argc, argv, &f->err);
}

/* A temporary file with that text; the path is static. */
static const char *file_with(const char *text)
{
	static char path[] = "/tmp/test_conf_XXXXXX";

	snprintf(path, sizeof path, "/tmp/test_conf_XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static enum conf_action load_file(struct fixture *f, const char *text)
{
	const char *path = file_with(text);
	enum conf_action action = load(f, "--config", path, NULL);

	unlink(path);
	return action;
}

static void defaults_are_in_place(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, NULL, NULL, NULL), CONF_RUN);
	assert_string_equal(f->settings.url, "postgresql://localhost");
	assert_int_equal(f->settings.slots, 256);
	assert_false(f->settings.plain);
	assert_int_equal(f->settings.level, 1);
	assert_string_equal(f->settings.keys, "");
	assert_false(conf_was_set(f->conf, "worker.slots"));
}

static void later_sources_win(void **state)
{
	struct fixture *f = *state;
	const char *file =
	    "worker: { slots = 5; };\ndatabase = { url = \"from file\"; };\nlog: {level=\"warn\";};";

	assert_int_equal(load_file(f, file), CONF_RUN);
	assert_int_equal(f->settings.slots, 5);
	assert_string_equal(f->settings.url, "from file");
	assert_int_equal(f->settings.level, 2);

	setenv("SYNCFLEET_WORKER__SLOTS", "6", 1);
	assert_int_equal(load_file(f, file), CONF_RUN);
	assert_int_equal(f->settings.slots, 6);
	assert_string_equal(f->settings.url, "from file");

	const char *path = file_with(file);
	setenv("SYNCFLEET_CONFIG", path, 1);
	assert_int_equal(load(f, "--worker.slots=7", "--log.level", "debug"), CONF_RUN);
	unlink(path);
	assert_int_equal(f->settings.slots, 7);
	assert_int_equal(f->settings.level, 0);
	assert_true(conf_was_set(f->conf, "worker.slots"));
}

static void empty_variables_are_absent(void **state)
{
	struct fixture *f = *state;

	setenv("SYNCFLEET_WORKER__SLOTS", "", 1);
	assert_int_equal(load(f, NULL, NULL, NULL), CONF_RUN);
	assert_int_equal(f->settings.slots, 256);
}

static void flags_take_their_forms(void **state)
{
	struct fixture *f = *state;
	int n;

	assert_int_equal(load(f, "-t", "acme", "--http.allow_plain_loopback"), CONF_RUN);
	assert_string_equal(f->settings.tenant, "acme");
	assert_true(f->settings.plain);
	assert_int_equal(load(f, "-tother", "word", "--http.allow_plain_loopback=no"), CONF_RUN);
	assert_string_equal(f->settings.tenant, "other");
	assert_false(f->settings.plain);
	assert_string_equal(conf_positional(f->conf, &n)[0], "word");
	assert_int_equal(n, 1);
	assert_int_equal(load(f, "--", "--worker.slots=9", "-"), CONF_RUN);
	assert_int_equal(f->settings.slots, 256);
	conf_positional(f->conf, &n);
	assert_int_equal(n, 2);
}

static void wrong_flags_are_usage_errors(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *flag;
		const char *text;
	} cases[] = {
	    {"--worker.slotz=1", "unknown flag worker.slotz; did you mean worker.slots?"},
	    {"--slots=1", "did you mean worker.slots?"},
	    {"--zzzzzzzz", "--help-config lists all"},
	    {"-x", "unknown flag"},
	    {"--worker.slots", "needs a value"},
	    {"--worker.slots=0", "0 is out of range: 1 to 1000"},
	    {"--worker.slots=1001", "out of range"},
	    {"--worker.slots=ten", "must be an integer"},
	    {"--worker.slots=", "must be an integer"},
	    {"--log.level=loud", "must be one of debug|info|warn"},
	    {"--http.allow_plain_loopback=maybe", "must be true or false"},
	    {"--config", "needs a file"},
	    {"--crypto.keys=abc", "SYNCFLEET_CRYPTO__KEYS or SYNCFLEET_CRYPTO__KEYS_FILE"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(load(f, cases[i].flag, NULL, NULL), CONF_USAGE);
		if (!strstr(f->err.text, cases[i].text))
			fail_msg("%s: %s", cases[i].flag, f->err.text);
	}
	assert_int_equal(f->settings.slots, 256);
}

static void wrong_files_name_line_and_choice(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *file;
		const char *text;
	} cases[] = {
	    {"worker: {\n slotss = 1;\n};", ":2: unknown setting worker.slotss; did you mean worker.slots?"},
	    {"wrker: { slots = 1; };", ":1: unknown setting wrker"},
	    {"\nurl = \"x\";", ":2: unknown setting url; did you mean database.url?"},
	    {"worker: { slots = \"5\"; };", "worker.slots: must be an integer"},
	    {"worker: { slots = 5.5; };", "worker.slots: must be an integer"},
	    {"worker: { slots = 5000L; };", "5000 is out of range: 1 to 1000"},
	    {"worker = 5;", "unknown setting worker"},
	    {"database: { url = 5; };", "must be a text in quotes"},
	    {"log: { level = \"loud\"; };", "must be one of debug|info|warn"},
	    {"http: { allow_plain_loopback = 1; };", "must be true or false"},
	    {"http: { allow_plain_loopback = { a = 1; }; };", "must be true or false"},
	    {"crypto: { keys = \"hush\"; };", "crypto.keys is a secret and not for this file"},
	    {"worker: {\n\n slots 5; };", ":3: syntax error"},
	    {"worker: { slots = 1; slots = 2; };", ":1: duplicate setting name"},
	    {"tenant = \"x\";", "unknown setting tenant"},
	    {"database: { url = \"0123456789012345678901234567890123456789012345678901234567890\"; };",
	        "at most 60 bytes"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(load_file(f, cases[i].file), CONF_BAD);
		if (!strstr(f->err.text, cases[i].text) || !strstr(f->err.text, "/tmp/test_conf_"))
			fail_msg("%s: %s", cases[i].file, f->err.text);
		assert_null(strstr(f->err.text, "hush"));
	}
	assert_int_equal(load(f, "--config=/nonexistent/x.cfg", NULL, NULL), CONF_BAD);
	assert_non_null(strstr(f->err.text, "/nonexistent/x.cfg: No such file"));
}

static void secrets_come_from_the_environment(void **state)
{
	struct fixture *f = *state;
	const char *path = file_with("k1:c2VjcmV0\n");

	setenv("SYNCFLEET_CRYPTO__KEYS_FILE", path, 1);
	assert_int_equal(load(f, NULL, NULL, NULL), CONF_RUN);
	assert_string_equal(f->settings.keys, "k1:c2VjcmV0");
	setenv("SYNCFLEET_CRYPTO__KEYS", "k2:AA", 1);
	assert_int_equal(load(f, NULL, NULL, NULL), CONF_BAD);
	assert_non_null(strstr(f->err.text, "are both set"));
	unsetenv("SYNCFLEET_CRYPTO__KEYS_FILE");
	unlink(path);
	assert_int_equal(load(f, NULL, NULL, NULL), CONF_RUN);
	assert_string_equal(f->settings.keys, "k2:AA");
	setenv("SYNCFLEET_DATABASE__URL_FILE", "/nonexistent/url", 1);
	assert_int_equal(load(f, NULL, NULL, NULL), CONF_BAD);
	assert_non_null(strstr(f->err.text, "SYNCFLEET_DATABASE__URL_FILE: cannot read /nonexistent/url"));
}

static void other_names_stand_in(void **state)
{
	static const struct conf_option row[] = {{.name = "crypto.keys",
	    CONF_STRING(struct settings, keys),
	    .secret = true,
	    .max = 5,
	    .also = "OTHER_SECRET|THIRD_SECRET",
	    .help = "keys"}};
	const struct conf_program p = {.name = "test", .options = row, .noptions = 1};
	static const struct {
		const char *own, *other, *third, *value; /* value NULL: refused */
	} cases[] = {
	    {NULL, NULL, NULL, ""},
	    {NULL, "two", NULL, "two"},
	    {NULL, NULL, "three", "three"},
	    {NULL, "", "three", "three"},
	    {NULL, "two", "three", "two"},
	    {"one", "two", "three", "one"},
	    {NULL, "too long", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings settings;
		struct err err = {0};
		char *argv[] = {(char[]){"test"}, NULL};
		const char *const names[] = {"SYNCFLEET_CRYPTO__KEYS", "OTHER_SECRET", "THIRD_SECRET"};
		const char *const values[] = {cases[i].own, cases[i].other, cases[i].third};

		for (size_t n = 0; n < ARRAY_SIZE(names); n++)
			if (values[n])
				setenv(names[n], values[n], 1);
		struct conf *conf = conf_new(&p, &settings);
		assert_int_equal(conf_load(conf, 1, argv, &err), cases[i].value ? CONF_RUN : CONF_BAD);
		if (cases[i].value)
			assert_string_equal(settings.keys, cases[i].value);
		else
			assert_non_null(strstr(err.text, "OTHER_SECRET: crypto.keys: must have at most 5"));
		conf_free(conf);
		for (size_t n = 0; n < ARRAY_SIZE(names); n++)
			unsetenv(names[n]);
	}
}

static void one_run_options_ignore_the_environment(void **state)
{
	struct fixture *f = *state;

	setenv("SYNCFLEET_TENANT", "leaked", 1);
	assert_int_equal(load(f, NULL, NULL, NULL), CONF_RUN);
	assert_string_equal(f->settings.tenant, "");
}

static void required_texts_must_be_set(void **state)
{
	(void)state;
	static const struct conf_option required[] = {
	    {.name = "database.url", CONF_STRING(struct settings, url), .min = 1, .help = "where"},
	    {.name = "crypto.keys",
	        CONF_STRING(struct settings, keys),
	        .min = 1,
	        .secret = true,
	        .help = "keys"},
	    {.name = "tenant",
	        CONF_STRING(struct settings, tenant),
	        .min = 1,
	        .flag_only = true,
	        .help = "whose"},
	};
	struct conf_program p = {.name = "test", .options = required, .noptions = 1};
	struct settings settings;
	char *argv[] = {(char[]){"test"}, NULL};
	struct err err;

	struct conf *conf = conf_new(&p, &settings);
	assert_int_equal(conf_load(conf, 1, argv, &err), CONF_BAD);
	assert_string_equal(
	    err.text, "database.url is not set: use SYNCFLEET_DATABASE__URL or --database.url");
	conf_free(conf);
	p.options = required + 1;
	conf = conf_new(&p, &settings);
	assert_int_equal(conf_load(conf, 1, argv, &err), CONF_BAD);
	assert_string_equal(err.text, "crypto.keys is not set: use SYNCFLEET_CRYPTO__KEYS");
	conf_free(conf);
	p.options = required + 2;
	conf = conf_new(&p, &settings);
	assert_int_equal(conf_load(conf, 1, argv, &err), CONF_USAGE);
	assert_string_equal(err.text, "--tenant is missing: whose");
	conf_free(conf);
}

static void check_config_reports_without_running(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(load(f, "--check-config", NULL, NULL), CONF_CHECK);
	setenv("SYNCFLEET_LOG__LEVEL", "loud", 1);
	assert_int_equal(load(f, "--check-config", NULL, NULL), CONF_BAD);
	assert_string_equal(f->err.text, "SYNCFLEET_LOG__LEVEL: log.level: must be one of debug|info|warn");
}

static void help_prints_a_line_for_each_setting(void **state)
{
	(void)state;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	conf_print_help(&program, out);
	(void)fclose(out);
	assert_non_null(strstr(text, "SYNCFLEET_HTTP__ALLOW_PLAIN_LOOPBACK"));
	assert_non_null(strstr(text, "1..1000"));
	assert_non_null(strstr(text, "debug|info|warn"));
	assert_null(strstr(text, "SYNCFLEET_TENANT"));
	free(text);
}

static void exit_codes_are_the_documented_ones(void **state)
{
	(void)state;
	assert_int_equal(conf_exit_code(CONF_EXIT), 0);
	assert_int_equal(conf_exit_code(CONF_CHECK), 0);
	assert_int_equal(conf_exit_code(CONF_USAGE), 2);
	assert_int_equal(conf_exit_code(CONF_BAD), 78);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(defaults_are_in_place),
	    TEST(later_sources_win),
	    TEST(empty_variables_are_absent),
	    TEST(flags_take_their_forms),
	    TEST(wrong_flags_are_usage_errors),
	    TEST(wrong_files_name_line_and_choice),
	    TEST(secrets_come_from_the_environment),
	    TEST(other_names_stand_in),
	    TEST(one_run_options_ignore_the_environment),
	    TEST(required_texts_must_be_set),
	    TEST(check_config_reports_without_running),
	    TEST(help_prints_a_line_for_each_setting),
	    TEST(exit_codes_are_the_documented_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/buf.h"

#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "limit_rules.h"

static struct registry *declare(const char *limits)
{
	char file[] = "/tmp/declared-XXXXXX";
	FILE *f = fdopen(mkstemp(file), "w");
	struct registry *reg = NULL;
	struct err err = {0};

	assert_non_null(f);
	fprintf(f,
	    "name = \"p\"; base_url = \"https://api.p.example\"; auth = { kind = \"none\"; }; limits = ( %s "
	    ");\n"
	    "resources = (\n"
	    "{ name = \"a\"; table = \"ta\"; path = \"/a\"; records = \"d\"; id = [\"id\"]; timeout_s = 7;\n"
	    "  columns = ( { name = \"x\"; path = \"x\"; type = \"text\"; } ); },\n"
	    "{ name = \"b\"; table = \"tb\"; path = \"/b\"; records = \"d\"; id = [\"id\"]; operation = "
	    "\"list\";\n"
	    "  columns = ( { name = \"x\"; path = \"x\"; type = \"text\"; } ); } );",
	    limits);
	fclose(f);
	if (registry_load_file(file, &reg, &err))
		fail_msg("%s", err.text);
	remove(file);
	return reg;
}

static const char three[] =
    "{ name = \"all\"; kind = \"rate\"; scope = [\"app\"]; count = 10; },"
    "{ name = \"day\"; kind = \"quota\"; scope = [\"connection\"]; count = 4800; period_s = 86400; "
    "rolling = true; weighted = true; },"
    "{ name = \"some\"; kind = \"concurrency\"; scope = [\"app\", \"connection\", \"operation\"]; "
    "resources = [\"b\"]; count = 5; }";

static void every_limit_that_counts_a_call_applies(void **state)
{
	struct registry *reg = declare(three);
	const struct provider *p = registry_at(reg, 0);
	struct limit_rule *rules = NULL;
	size_t n = 0;

	(void)state;
	limit_rules_add(p, "", &rules, &n);
	assert_int_equal(n, 3);
	assert_true(limit_rule_counts(&rules[0], &p->resources.at[0]));
	assert_true(limit_rule_counts(&rules[1], &p->resources.at[0]));
	assert_false(limit_rule_counts(&rules[2], &p->resources.at[0]));
	assert_true(limit_rule_counts(&rules[2], &p->resources.at[1]));
	/* a permit outlives the longest call */
	assert_true(rules[2].keep_us > p->resources.at[1].timeout_s * 1000000);
	/* units are spent in the slot of the period that they were taken from */
	assert_true(rules[1].keep_us <= 86400 / 48 * INT64_C(1000000));
	free(rules);
	registry_free(reg);
}

static void a_budget_for_each_value_of_its_scope(void **state)
{
	static const char *const keys[] = {"p.all app=00000000000000ab", "p.day connection=c-1",
	    "p.some app=00000000000000ab connection=c-1 operation=list"};
	struct registry *reg = declare(three);
	const struct provider *p = registry_at(reg, 0);
	struct limit_call call = {&p->resources.at[1], "c-1", 0xab};
	struct limit_rule *rules = NULL;
	size_t n = 0;

	(void)state;
	limit_rules_add(p, "", &rules, &n);
	for (size_t i = 0; i < n; i++) {
		AUTO(buf_done) struct buf key = BUF(200);

		limit_key(&rules[i], &call, &key);
		assert_string_equal(key.p, keys[i]);
	}
	free(rules);
	registry_free(reg);
}

static void the_setting_wins(void **state)
{
	struct registry *reg = declare(three);
	struct limit_rule *rules = NULL;
	size_t n = 0;

	(void)state;
	limit_rules_add(registry_at(reg, 0), "p.all=20, q.day=1,p.some=0", &rules, &n);
	assert_int_equal(n, 2);
	assert_true(rules[0].limit.count == 20 && rules[1].limit.count == 4800);
	assert_true(rules[0].pace.interval_us < 60000);
	free(rules);
	registry_free(reg);
}

static void bad_settings_are_refused(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
	} cases[] = {{"", RC_OK}, {"p.all=20", RC_OK}, {" p.all=20.5 , p.day=5 ", RC_OK},
	    {"p.day=0.5", RC_INVALID}, {"p.none=20", RC_INVALID}, {"q.all=20", RC_INVALID},
	    {"p.all", RC_INVALID}, {"p.all=", RC_INVALID}, {"p.all=-1", RC_INVALID},
	    {"p.all=nan", RC_INVALID}, {"all=5", RC_INVALID}, {"p.all=5,,", RC_INVALID}, {"=", RC_INVALID}};
	struct registry *reg = declare(three);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};

		if (limit_rules_check(reg, cases[i].text, &err) != cases[i].rc)
			fail_msg("\"%s\": %s", cases[i].text, err.text);
		if (cases[i].rc != RC_OK)
			assert_non_null(strstr(err.text, "providers.limits"));
	}
	registry_free(reg);
}

/* A batch of fifty messages costs a thousand units. */
static void a_limit_that_allows_no_call_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum rc rc;
	} cases[] = {{"google.mail_user_units=1000", RC_OK}, {"google.mail_user_units=999", RC_INVALID},
	    {"google.mail_user_units=0", RC_OK}, {"google.calendar_user=1", RC_OK}};
	struct registry *reg = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(registry_load("common/providers", &reg, &err), RC_OK);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(limit_rules_check(reg, cases[i].text, &err), cases[i].rc);
	assert_non_null(strstr(err.text, "costs 1000"));
	registry_free(reg);
}

static void what_cannot_be_counted_is_refused(void **state)
{
	struct registry *reg = declare(
	    "{ name = \"w\"; kind = \"rate\"; scope = [\"app\"]; count = 10; weighted = true; }");
	struct err err = {0};

	(void)state;
	assert_int_equal(limit_rules_check(reg, "", &err), RC_INVALID);
	assert_non_null(strstr(err.text, "only a quota can be weighted"));
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_limit_that_counts_a_call_applies),
	    cmocka_unit_test(a_budget_for_each_value_of_its_scope),
	    cmocka_unit_test(the_setting_wins),
	    cmocka_unit_test(bad_settings_are_refused),
	    cmocka_unit_test(a_limit_that_allows_no_call_is_refused),
	    cmocka_unit_test(what_cannot_be_counted_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

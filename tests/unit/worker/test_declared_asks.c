// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "walk_rig.h"

#include "ask.h"

/* What a question's arguments make of a request. */
static struct registry *declare_asks(void)
{
	char file[] = "/tmp/declared-XXXXXX";
	FILE *f = fdopen(mkstemp(file), "w");
	struct registry *reg = NULL;
	struct err err = {0};

	assert_non_null(f);
	fputs(
	    "name = \"p\"; base_url = \"https://api.p.example\"; auth = { kind = \"none\"; };\n"
	    "resources = ( { name = \"r\"; table = \"t\"; path = \"/r\"; id = [\"id\"]; columns = (); } );\n"
	    "asks = ( { name = \"one\"; path = \"/r/${ask.id}\";\n"
	    "  params = ( { name = \"module\"; value = \"${ask.module}\"; }, { name = \"ids\"; value = "
	    "\"${ask.ids}\"; } ); },\n"
	    "  { name = \"make\"; method = \"POST\"; path = \"/r\";\n"
	    "    body_json = \"{\\\"q\\\": \\\"id is '${ask.id}' \\\\\\\"\\\", \\\"of\\\": "
	    "${connection.external_id}, "
	    "\\\"fields\\\": [${ask.field}, ${ask.id}]}\"; } );\n",
	    f);
	fclose(f);
	if (registry_load_file(file, &reg, &err))
		fail_msg("%s", err.text);
	remove(file);
	return reg;
}

static void begin(struct rig *rig, const struct registry *reg, const char *name, const char *arguments)
{
	const struct provider *p = registry_find_provider(reg, STR("p"));

	rig_init(rig, provider_find_ask(p, str_of(name)));
	rig->walk.arguments = arguments ? json_tokener_parse(arguments) : NULL;
}

static void end(struct rig *rig)
{
	json_object_put(rig->walk.arguments);
	rig_done(rig);
}

static void arguments_are_in_paths_and_parameters(void **state)
{
	static const char *const cases[][2] = {
	    {"{\"id\": \"a/b c\"}", "https://api.p.example/r/a%2Fb%20c"},
	    {"{\"id\": 7, \"module\": \"Leads\"}", "https://api.p.example/r/7?module=Leads"},
	    {"{\"id\": \"1\", \"ids\": [\"8\", 9], \"module\": null}", "https://api.p.example/r/1?ids=8%2C9"},
	    {"{\"id\": true, \"module\": {}}", "https://api.p.example/r/true"},
	};
	struct registry *reg = declare_asks();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;

		begin(&rig, reg, "one", cases[i][0]);
		assert_string_equal(ask(&rig), cases[i][1]);
		end(&rig);
	}
	registry_free(reg);
}

static void values_are_escaped_or_written_as_json(void **state)
{
	struct registry *reg = declare_asks();
	struct rig rig;

	(void)state;
	begin(&rig, reg, "make", "{\"id\": \"x\\\"y\\n\", \"field\": {\"a\": [1, \"z\"]}}");
	ask(&rig);
	AUTO(mem_free_ptr) char *body = mem_strndup(rig.request.body.p, rig.request.body.n);
	assert_string_equal(body, "{\"q\": \"id is 'x\\\"y\\n' \\\"\", \"of\": \"acc 1/x\", "
	                          "\"fields\": [{\"a\":[1,\"z\"]}, \"x\\\"y\\n\"]}");
	end(&rig);
	registry_free(reg);
}

static void what_is_not_said_is_missed(void **state)
{
	static const char *const cases[][3] = {
	    {"one", NULL, "p.one needs ${ask.id}, which the question does not say"},
	    {"one", "{\"id\": {}}", "p.one needs ${ask.id}, which the question does not say"},
	    {"make", "{\"id\": 1}", "p.make needs ${ask.field}, which the question does not say"},
	};
	struct registry *reg = declare_asks();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;

		begin(&rig, reg, cases[i][0], cases[i][1]);
		assert_int_equal(provider_next(&rig.walk, &rig.account, &rig.request, &rig.err), RC_INVALID);
		assert_string_equal(rig.err.text, cases[i][2]);
		end(&rig);
	}
	registry_free(reg);
}

static void names_of_questions_with_arguments_end_with_their_digest(void **state)
{
	struct registry *reg = declare_asks();
	const struct provider *p = registry_find_provider(reg, STR("p"));

	(void)state;
	assert_ptr_equal(ask_find(p, STR("ask_one"), false), &p->asks.at[0]);
	assert_ptr_equal(ask_find(p, STR("ask_make_0123456789abcdef"), true), &p->asks.at[1]);
	assert_null(ask_find(p, STR("ask_make_0123456789abcdef"), false));
	assert_null(ask_find(p, STR("ask_make"), true));
	assert_null(ask_find(p, STR("ask_"), true));
	assert_ptr_equal(ask_find(p, STR("ask_test"), false), &p->resources.at[0]);
	registry_free(reg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(arguments_are_in_paths_and_parameters),
	    cmocka_unit_test(values_are_escaped_or_written_as_json),
	    cmocka_unit_test(what_is_not_said_is_missed),
	    cmocka_unit_test(names_of_questions_with_arguments_end_with_their_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

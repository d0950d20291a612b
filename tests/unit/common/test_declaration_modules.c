// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#include "base/buf.h"
#include "sync/declaration.h"

#define BASE                                                                                                 \
	"name = \"p\"; base_url = \"https://api.p.example\"; auth = { kind = \"none\"; };\n"                 \
	"resources = ( { name = \"r\"; table = \"p_r\"; path = \"/r\"; id = [\"id\"]; columns = (); } );\n"
#define PATTERN                                                                                              \
	"module = { path = \"/m/${module}\"; id = [\"id\"]; cost = 3; keep_payload = true;\n"                \
	"  params = ( { name = \"fields\"; value = \"${columns}\"; } );\n"                                   \
	"  fields = { path = \"/f/${module}\"; records = \"fields\"; id = [\"name\"]; max = 50; };\n"        \
	"  columns = ( { name = \"owner\"; path = \"Owner.id\"; type = \"text\"; } ); };\n"

static char folder[] = "/tmp/modules-XXXXXX";

static void write_file(const char *name, const char *text)
{
	AUTO(mem_free_ptr) char *path = mem_printf("%s/%s", folder, name);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static enum rc load(const char *declaration, const char *modules, struct registry **ret, struct err *err)
{
	AUTO(mem_free_ptr) char *list = mem_printf("%s/p.modules", folder);

	write_file("p.cfg", declaration);
	if (modules)
		write_file("p.modules", modules);
	else
		unlink(list);
	return registry_load(folder, ret, err);
}

static void modules_become_resources(void **state)
{
	struct registry *reg = NULL;
	struct err err = {0};

	(void)state;
	if (load(BASE PATTERN,
	        "modules = ( { module = \"Big_Projects\"; columns = ( { name = \"budget\"; path = "
	        "\"Budget\"; type = "
	        "\"numeric\"; } ); }, { module = \"Visits\"; } );",
	        &reg, &err))
		fail_msg("%s", err.text);
	const struct provider *p = registry_find_provider(reg, STR("p"));
	const struct resource *made = provider_find_resource(p, STR("big_projects"));
	assert_int_equal(p->resources.n, 3);
	assert_string_equal(made->table, "p_big_projects");
	assert_true(str_is(made->path.part[0].text, "/m/Big_Projects"));
	assert_true(str_is(made->fields.path.part[0].text, "/f/Big_Projects"));
	assert_int_equal(made->fields.max, 50);
	assert_int_equal(made->cost, 3);
	assert_int_equal(made->columns.n, 2);
	assert_string_equal(made->columns.at[1].name, "budget");
	assert_non_null(made->list[PHASE_FIELDS].plan);
	assert_int_equal(provider_find_resource(p, STR("visits"))->columns.n, 1);
	assert_string_not_equal(made->fingerprint, provider_find_resource(p, STR("visits"))->fingerprint);
	registry_free(reg);
}

static void without_a_list_there_are_none(void **state)
{
	struct registry *reg = NULL;
	struct err err = {0};

	(void)state;
	assert_int_equal(load(BASE PATTERN, NULL, &reg, &err), RC_OK);
	assert_int_equal(registry_at(reg, 0)->resources.n, 1);
	registry_free(reg);
}

static void mistakes_name_their_file(void **state)
{
	static const char *const cases[][3] = {
	    {BASE, "modules = ();", "p.modules: "},
	    {BASE PATTERN, "modules = ( { module = ", "p.modules:1: syntax error"},
	    {BASE PATTERN, "module = ();", "p.modules:1: has to hold the list \"modules\""},
	    {BASE PATTERN, "modules = (\n { modul = \"X\"; } );",
	        "p.modules:2: modules[0].modul: is none of"},
	    {BASE PATTERN, "modules = ( { columns = (); } );",
	        "p.modules:1: modules[0]: needs the key \"module\""},
	    {BASE PATTERN, "modules = ( { module = \"../org\"; } );",
	        "needs the key \"module\": an API name"},
	    {BASE PATTERN, "modules = ( { module = \"R\"; } );", "there is a resource \"r\" already"},
	    {BASE PATTERN,
	        "modules = ( { module = \"X\"; columns = ( { name = \"owner\"; path = \"O\"; } ); } );",
	        "columns[1].name: there is a column \"owner\" already"},
	    {BASE "module = 7;", NULL, "p.cfg:3: module: has to be a group"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct registry *reg = NULL;
		struct err err = {0};

		assert_int_equal(load(cases[i][0], cases[i][1], &reg, &err), RC_INVALID);
		if (!strstr(err.text, cases[i][2]))
			fail_msg("%zu: %s", i, err.text);
	}
}

static int begin(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	static const char *const names[] = {"p.cfg", "p.modules"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(mem_free_ptr) char *path = mem_printf("%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(modules_become_resources),
	    cmocka_unit_test(without_a_list_there_are_none),
	    cmocka_unit_test(mistakes_name_their_file),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration.h"

#include <setjmp.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/versions-XXXXXX";
static char *file;

#define RESOURCE(name, more)                                                                                 \
	"{ name = \"" name "\"; table = \"p_" name "\"; path = \"/x\"; records = \"\"; id = [\"id\"];\n"     \
	"paging = { strategy = \"none\"; }; columns = ( { name = \"a\"; path = \"a\"; type = \"text\"; } "   \
	"); " more "}"

static int folder_make(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	file = mem_printf("%s/p.cfg", folder);
	FILE *f = fopen(file, "w");
	if (!f)
		return -1;
	fputs("name = \"p\"; base_url = \"https://p.example\"; auth = { kind = \"none\"; };\n"
	      "limits = ( { name = \"l\"; version = \"v0\"; version_of = \"orders\"; kind = \"rate\"; scope "
	      "= [\"app\"]; count = 1; },\n"
	      "{ name = \"l\"; version = \"v1\"; version_of = \"orders\"; kind = \"rate\"; scope = "
	      "[\"app\"]; count = 2; } );\nresources = "
	      "(\n" RESOURCE("orders", "version = \"v0\"; cost = 1;") ",\n" RESOURCE(
	          "items", "version = \"v0\"; version_of = \"orders\";") ",\n" RESOURCE("orders",
	          "version = \"v1\"; cost = 2;") ",\n" RESOURCE("stock", "") ");\n",
	    f);
	return fclose(f);
}

static int folder_remove(void **state)
{
	(void)state;
	int rc = remove(file) | rmdir(folder);
	free(file);
	return rc;
}

static void one_of_several_is_used(void **state)
{
	static const struct {
		const char *versions;
		size_t resources;
		int64_t cost;
		bool items;
	} cases[] = {
	    {"", 3, 1, true},
	    {"p.orders=v0", 3, 1, true},
	    {"p.orders=v1", 2, 2, false},
	    {" p.orders = v1 ", 2, 2, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct registry *reg = NULL;
		struct err err = {0};

		if (registry_load_versions(folder, cases[i].versions, &reg, &err))
			fail_msg("%s", err.text);
		const struct provider *p = registry_find_provider(reg, STR("p"));
		assert_int_equal(p->resources.n, cases[i].resources);
		assert_int_equal(provider_find_resource(p, STR("orders"))->cost, cases[i].cost);
		assert_int_equal(provider_find_resource(p, STR("items")) != NULL, cases[i].items);
		assert_int_equal(p->limits.n, 1);
		assert_true(p->limits.at[0].count == (double)cases[i].cost);
		registry_free(reg);
	}
}

static void what_is_not_there_is_refused(void **state)
{
	static const char *const cases[][2] = {
	    {"p.orders=v2", "p.orders has no version \"v2\"; there are: v0, v1"},
	    {"p.stock=v0", "p.stock has no version \"v0\"; there are: none"},
	    {"p.items=v1", "there are: v0"},
	    {"q.orders=v0", "there is no provider q"},
	    {"p.orders", "provider.resource=version[,...]"},
	    {"orders=v0", "provider.resource=version[,...]"},
	    {"p.orders=v0,,", "provider.resource=version[,...]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct registry *reg = NULL;
		struct err err = {0};

		assert_int_equal(registry_load_versions(folder, cases[i][0], &reg, &err), RC_INVALID);
		assert_non_null(strstr(err.text, cases[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_of_several_is_used),
	    cmocka_unit_test(what_is_not_there_is_refused),
	};

	return cmocka_run_group_tests(tests, folder_make, folder_remove);
}

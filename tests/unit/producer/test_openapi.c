// SPDX-License-Identifier: Apache-2.0
/* Holds schemas/openapi.yaml against the route table, with openapi_check.py beside it; needs Python's yaml.
 */
#include "base/base.h"
#include "routes.h"

#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CHECK "tests/unit/producer/openapi_check.py"
#define DOCUMENT "schemas/openapi.yaml"

static char folder[] = "/tmp/test_openapi.XXXXXX";
static char *routes_file;

/* Its exit status, -1 when it did not exit. */
static int run(char *const argv[])
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], argv);
		_exit(127);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_file(const char *path, struct str text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	routes_file = mem_printf("%s/routes", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(routes_file);
	rmdir(folder);
	free(routes_file);
	return 0;
}

static int check(const char *document, struct str routes)
{
	char *argv[] = {"python3", CHECK, (char *)(uintptr_t)document, routes_file, NULL};

	write_file(routes_file, routes);
	return run(argv);
}

static bool has_yaml(void)
{
	char *argv[] = {
	    "python3", "-c", "try:\n import yaml\nexcept ImportError:\n raise SystemExit(1)", NULL};

	return run(argv) == 0;
}

static void test_the_document_is_true(void **state)
{
	struct buf table = BUF(1u << 20);

	(void)state;
	if (!has_yaml())
		skip();
	routes_print(routes_all(), &table);
	assert_int_equal(check(DOCUMENT, buf_str(&table)), 0);
	buf_done(&table);
}

/* The table with one word changed must not pass: the check can fail. */
static void test_a_changed_table_is_noticed(void **state)
{
	static const char *const changes[][2] = {
	    {"\"max\":200", "\"max\":201"},
	    {"\"default\":\"incremental\"", "\"default\":\"full\""},
	    {"queued|running", "running"},
	    {"\"path\":\"/v1/providers\"", "\"path\":\"/v1/others\""},
	    {"\"method\":\"GET\",\"path\":\"/v1/syncs\"", "\"method\":\"PUT\",\"path\":\"/v1/syncs\""},
	    {"\"name\":\"resources\"", "\"name\":\"resource\""},
	    {"\"name\":\"traceparent\"", "\"name\":\"tracestate\""},
	    {"\"type\":\"cursor\"", "\"type\":\"uuid\""},
	    {"\"needs\":\"read\"", "\"needs\":\"sync\""},
	    {"\"name\":\"connection_id\",\"in\":\"body\",\"type\":\"uuid\",\"required\":true",
	        "\"name\":\"connection_id\",\"in\":\"body\",\"type\":\"uuid\",\"required\":false"},
	};
	struct buf table = BUF(1u << 20);

	(void)state;
	if (!has_yaml())
		skip();
	routes_print(routes_all(), &table);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		struct buf changed = BUF(1u << 20);
		const char *at = strstr(buf_text(&table), changes[i][0]);

		assert_non_null(at);
		buf_add(&changed, table.p, (size_t)(at - table.p));
		buf_add_text(&changed, changes[i][1]);
		buf_add_text(&changed, at + strlen(changes[i][0]));
		assert_int_equal(check(DOCUMENT, buf_str(&changed)), 1);
		buf_done(&changed);
	}
	buf_done(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_document_is_true),
	    cmocka_unit_test(test_a_changed_table_is_noticed),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

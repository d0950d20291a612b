// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/topics.h"

#include "../declarations.h"

static void names_have_the_prefix(void **state)
{
	static const char *const prefixes[] = {"", "blue."};

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(prefixes); p++) {
		AUTO(topics_done) struct topics topics = {0};
		AUTO(mem_free_ptr) char *results = mem_printf("%ssync.results", prefixes[p]);

		topics_add(&topics, prefixes[p], "sync.results");
		topics_add_tasks(&topics, prefixes[p], declarations_shipped);
		assert_int_equal(topics.n, 1 + registry_count(declarations_shipped));
		assert_string_equal(topics.name[0], results);
		for (size_t i = 1; i < topics.n; i++) {
			AUTO(mem_free_ptr)
			char *tasks = mem_printf(
			    "%ssync.tasks.%s", prefixes[p], registry_at(declarations_shipped, i - 1)->name);

			assert_string_equal(topics.name[i], tasks);
		}
	}
}

static void a_cleared_list_is_empty_and_usable(void **state)
{
	struct topics topics = {0};

	(void)state;
	topics_add(&topics, "", "a");
	topics_done(&topics);
	assert_int_equal(topics.n, 0);
	topics_add(&topics, "b.", "c");
	assert_int_equal(topics.n, 1);
	assert_string_equal(topics.name[0], "b.c");
	topics_done(&topics);
	topics_done(&topics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_have_the_prefix),
	    cmocka_unit_test(a_cleared_list_is_empty_and_usable),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "judge.h"

#include "rows.h"

#include <setjmp.h>

#include <cmocka.h>

#define PAGES_MAX 4

static void most_records_decide(void **state)
{
	static const struct {
		int64_t max_percent;
		struct {
			size_t good, bad;
		} page[PAGES_MAX];
		int at; /* the page that is too much, from 1; 0: none */
	} cases[] = {
	    {50, {{50, 50}, {100, 0}}, 0},
	    {50, {{49, 51}}, 1},
	    {50, {{100, 0}, {0, 100}}, 2},
	    {50, {{0, 19}}, 0}, /* too few to tell */
	    {50, {{0, 20}}, 1},
	    {50, {{0, 10}, {0, 10}}, 2}, /* short pages count together */
	    {50, {{0, 10}, {10, 0}, {0, 10}, {10, 0}}, 0},
	    {50, {{0, 15}, {5, 0}, {0, 15}, {0, 5}}, 4}, /* the page that ends a count has to be bad itself */
	    {100, {{0, 100}, {0, 100}}, 0},
	    {0, {{100, 0}, {99, 1}}, 2},
	    {10, {{89, 11}}, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct judge judge = {0};
		struct bad_record bad = {.column = (char[]){"v"}, .reason = (char[]){"wrong type"}};
		char reason[240] = "";
		int at = 0;

		buf_init(&bad.id, 100);
		buf_add_text(&bad.id, "id-7");
		for (int p = 0; p < PAGES_MAX && !at; p++) {
			struct rows page = {
			    .n = cases[i].page[p].good, .nbad = cases[i].page[p].bad, .bad = &bad};

			if (judge_page(&judge, &page, cases[i].max_percent, reason, sizeof reason))
				at = p + 1;
		}
		if (at != cases[i].at)
			fail_msg("case %zu: %d, not %d", i, at, cases[i].at);
		if (at)
			assert_non_null(strstr(reason, "v: wrong type, record id-7"));
		buf_done(&bad.id);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(most_records_decide)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "page_queue.h"

#include <setjmp.h>

#include <cmocka.h>

#include "rows.h"

#define PAGES 5

static struct rows *page[PAGES];
static struct page_queue queue;

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAGES; i++)
		page[i] = rows_new(NULL);
	queue = (struct page_queue){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAGES; i++)
		rows_free(page[i]);
	rows_drain_pool();
	return 0;
}

static void assert_pages(size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(page_queue_pop(&queue), page[from + i]);
		assert_null(page[from + i]->next);
	}
	assert_null(queue.first);
}

static void test_pages_leave_as_they_came(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		page_queue_push(&queue, page[i]);
	assert_pages(0, 2);
	page_queue_push(&queue, page[2]);
	assert_pages(2, 1);
}

static void test_what_is_put_back_comes_first(void **state)
{
	(void)state;
	page_queue_push(&queue, page[3]);
	page[1]->next = page[2];
	page_queue_put_back(&queue, page[1], page[2]);
	page_queue_put_back(&queue, page[0], page[0]);
	page_queue_push(&queue, page[4]);
	assert_pages(0, 5);
}

static void test_what_is_put_back_alone_is_last_too(void **state)
{
	(void)state;
	page[0]->next = page[1];
	page_queue_put_back(&queue, page[0], page[1]);
	page_queue_push(&queue, page[2]);
	assert_pages(0, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_pages_leave_as_they_came),
	    TEST(test_what_is_put_back_comes_first),
	    TEST(test_what_is_put_back_alone_is_last_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

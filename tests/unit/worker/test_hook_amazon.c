// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "../declarations.h"
#include "hooks.h"

#define RECORDS_MAX 8

/* What was handed over: event_list, posted_date, order_id, seller_order_id, marketplace_name, event_type. */
struct heard {
	char line[RECORDS_MAX][256];
	size_t n;
	enum rc answer;
};

static enum rc hear(void *user, struct str raw, const struct slice *fields)
{
	struct heard *h = user;
	const size_t columns[] = {0, 1, 2, 5};
	char *out = h->line[h->n++];
	size_t n = 0;

	assert_true(raw.n && raw.p[0] == '{' && raw.p[raw.n - 1] == '}');
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct slice *s = &fields[columns[i]];
		n += (size_t)snprintf(
		    out + n, 256 - n, "%s%.*s", i ? "|" : "", (int)s->n, s->kind == SLICE_ABSENT ? "" : s->p);
	}
	return h->answer;
}

static enum rc read_page(const char *body, struct heard *ret)
{
	const struct resource *res = declarations_resource("amazon", "financial_events");
	struct err err = {0};

	ret->n = 0;
	return hook_find(res->hook)->records(res, str_of(body), hear, ret, &err);
}

static void events_of_every_list(void **state)
{
	struct heard h = {0};

	(void)state;
	assert_int_equal(
	    read_page(
	        "{ \"payload\" : {\"NextToken\":\"x]}\", \"FinancialEvents\" : {\n"
	        "\"ShipmentEventList\" : [ {\"AmazonOrderId\":\"1\",\"PostedDate\":\"d1\",\"x\":[{}, "
	        "\"}\\\"]\"]} , "
	        "{\"AmazonOrderId\":\"2\"}],"
	        "\"Text\":\"a,\\\"b\",\"Nothing\":null,\"DebtRecoveryEventList\":[],\"Number\":-1.5e3,"
	        "\"ProductAdsPaymentEventList\":[{\"postedDate\":\"d2\",\"transactionType\":\"charge\"}],"
	        "\"TomorrowsEventList\":[{\"OrderId\":\"3\",\"TransactionPostedDate\":\"d3\"}],"
	        "\"AdjustmentEventList\":[{\"PostedDate\":null,\"postedDate\":\"d4\",\"AdjustmentType\":"
	        "\"WAREHOUSE_LOST\"}]"
	        "}}}",
	        &h),
	    RC_OK);
	assert_int_equal(h.n, 5);
	assert_string_equal(h.line[0], "ShipmentEventList|d1|1|");
	assert_string_equal(h.line[1], "ShipmentEventList||2|");
	assert_string_equal(h.line[2], "ProductAdsPaymentEventList|d2||charge");
	assert_string_equal(h.line[3], "TomorrowsEventList|d3|3|");
	assert_string_equal(h.line[4], "AdjustmentEventList|d4||WAREHOUSE_LOST");
}

static void pages_without_events(void **state)
{
	static const char *const bodies[] = {"{\"payload\":{\"FinancialEvents\":{}}}",
	    "{\"payload\":{\"FinancialEvents\":{ }}}", "{\"payload\":{\"FinancialEvents\":null}}",
	    "{\"payload\":{\"FinancialEvents\":{\"ShipmentEventList\":[]}}}", "{\"payload\":{}}", "{}",
	    "{\"payload\":{\"FinancialEvents\":[]}}"};
	struct heard h = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		assert_int_equal(read_page(bodies[i], &h), RC_OK);
		assert_int_equal(h.n, 0);
	}
}

static void a_record_may_end_the_page(void **state)
{
	struct heard h = {.answer = RC_LIMIT};

	(void)state;
	assert_int_equal(
	    read_page("{\"payload\":{\"FinancialEvents\":{\"A\":[{},{}],\"B\":[{}]}}}", &h), RC_LIMIT);
	assert_int_equal(h.n, 1);
}

static void hooks_have_names(void **state)
{
	(void)state;
	assert_null(hook_find(NULL));
	assert_null(hook_find("nobody"));
	assert_ptr_equal(hook_find("amazon_financial_events"), &hook_amazon_financial_events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(events_of_every_list),
	    cmocka_unit_test(pages_without_events),
	    cmocka_unit_test(a_record_may_end_the_page),
	    cmocka_unit_test(hooks_have_names),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}

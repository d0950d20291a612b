// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "amazon_money.h"
#include "api.h"

/* Finances, 2024-06-19: each event is a transaction with an id, some are deferred. */
static const struct amazon_call TRANSACTIONS = {AMAZON_TRANSACTIONS, "nextToken", false};

static void add_amount(struct buf *ret, const char *name, int64_t cents)
{
	buf_printf(ret, "\"%s\":{\"currencyCode\":\"USD\",\"currencyAmount\":", name);
	amazon_money(ret, cents);
	buf_add_char(ret, '}');
}

static void add_breakdowns(struct buf *ret, const struct amazon_event *e)
{
	buf_add_text(ret, ",\"breakdowns\":[{\"breakdownType\":\"Sales\",");
	add_amount(ret, "breakdownAmount", e->cents * 2);
	buf_add_text(ret, ",\"breakdowns\":[]},{\"breakdownType\":\"Expenses\",");
	add_amount(ret, "breakdownAmount", -e->cents);
	buf_add_text(ret, "}]");
}

static void record_id(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	(void)r;
	buf_printf(ret, "tx-%05u-%09" PRIu64, a->number, i);
}

static void record(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	struct amazon_event e;
	char posted[AMAZON_TIME_MAX];
	const char *late = a->amazon.deferred_released ? "DEFERRED_RELEASED" : "DEFERRED";

	amazon_event_read(a, r, i, &e);
	amazon_time(e.posted_s, posted);
	buf_add_text(ret,
	    "{\"sellingPartnerMetadata\":{\"sellingPartnerId\":\"A2EXAMPLE\",\"accountType\":"
	    "\"Standard Orders\",\"marketplaceId\":\"" AMAZON_MARKETPLACE "\"},\"transactionId\":\"");
	record_id(a, r, i, ret);
	buf_printf(ret,
	    "\",\"transactionType\":\"%s\",\"description\":\"%s\",\"transactionStatus\":\"%s\","
	    "\"postedDate\":\"%s\","
	    "\"relatedIdentifiers\":[{\"relatedIdentifierName\":\"FINANCIAL_EVENT_GROUP_ID\","
	    "\"relatedIdentifierValue\":\"g%" PRIu64 "\"},{\"relatedIdentifierName\":\"ORDER_ID\","
	    "\"relatedIdentifierValue\":\"%s\"}],\"marketplaceDetails\":{\"marketplaceId\":"
	    "\"" AMAZON_MARKETPLACE "\",\"marketplaceName\":\"Amazon.com\"},",
	    e.kind->transaction, e.kind->description, i % 9 == 4 ? late : "RELEASED", posted, i / 100,
	    e.order_id);
	add_amount(ret, "totalAmount", e.cents);
	add_breakdowns(ret, &e);
	buf_add_char(ret, '}');
}

static void page(struct simulator *sim, struct exchange *ex)
{
	size_t count;
	uint64_t next;
	AUTO(mem_free_ptr) uint64_t *of = amazon_posted_page(ex, &count, &next);

	buf_add_text(&sim->body, "{\"payload\":{\"transactions\":[");
	for (size_t k = 0; k < count; k++) {
		buf_add_text(&sim->body, k ? "," : "");
		record(ex->account, ex->resource, of[k], &sim->body);
	}
	sim->traffic.count.records += count;
	buf_add_char(&sim->body, ']');
	if (next != UINT64_MAX) {
		buf_add_text(&sim->body, ",\"nextToken\":");
		amazon_token_write(ex, &TRANSACTIONS, next, &sim->body);
	}
	buf_add_text(&sim->body, "}}");
}

const struct api AMAZON_TRANSACTIONS_2024 = {AMAZON_CALL, .name = "amazon-2024-06-19",
    .id_key = "\"transactionId\":\"", .text_key = "\"transactionType\":\"", .page = page, .record = record,
    .id = record_id};

void amazon_transactions_begin(struct simulator *sim, struct exchange *ex)
{
	ex->api = &AMAZON_TRANSACTIONS_2024;
	if (amazon_admit(sim, ex, &TRANSACTIONS, "financial_events") &&
	    amazon_posted_read(sim, ex, "postedAfter", "postedBefore"))
		amazon_page_size(sim, ex, NULL, 100);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "amazon_money.h"
#include "api.h"
#include "base/clock.h"

#define TWO_MINUTES_US (120 * US_PER_S)
#define WINDOW_MAX_US (180 * US_PER_DAY)

static const struct amazon_call EVENTS = {AMAZON_FINANCES, "NextToken", true};

/* ---- which events ---- */

static int64_t posted_of(const struct exchange *ex, uint64_t i)
{
	struct amazon_event e;

	amazon_event_read(ex->account, ex->resource, i, &e);
	return e.posted_s;
}

static uint64_t first_from(const struct exchange *ex, int64_t us)
{
	uint64_t low = 0, high = ex->resource->records;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (posted_of(ex, middle) * US_PER_S < us)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool amazon_posted_read(struct simulator *sim, struct exchange *ex, const char *after, const char *before)
{
	int64_t now = ex->began_ms * 1000;
	int64_t from = INT64_MIN, to = now - TWO_MINUTES_US;

	if (!amazon_instant(sim, ex, after, &from) || !amazon_instant(sim, ex, before, &to))
		return false;
	if (from == INT64_MIN || to > now - TWO_MINUTES_US || to < from) {
		amazon_fail(sim, ex, 400, "InvalidInput",
		    "The dates are needed in their order, and at least two minutes before now.");
		return false;
	}
	ex->window.of.order = ORDER_ID;
	ex->window.of.created_since_us = from;
	ex->window.key = (uint64_t)to;
	return true;
}

uint64_t *amazon_posted_page(struct exchange *ex, size_t *ret_n, uint64_t *ret_next)
{
	int64_t from = ex->window.of.created_since_us, to = (int64_t)ex->window.key;
	uint64_t first = first_from(ex, from);
	/* Too long a window answers with nothing. */
	uint64_t n = to - from > WINDOW_MAX_US ? 0 : first_from(ex, to) - first;

	ex->window.of = SELECT_ALL;
	ex->window.of.order = ORDER_ID;
	uint64_t *list = amazon_page(ex, n, ret_n, ret_next);
	for (size_t k = 0; k < *ret_n; k++)
		list[k] += first;
	return list;
}

/* ---- their texts ---- */

static void add_amount(struct buf *ret, const char *name, int64_t cents)
{
	buf_printf(ret, "\"%s\":{\"CurrencyCode\":\"USD\",\"CurrencyAmount\":", name);
	amazon_money(ret, cents);
	buf_add_char(ret, '}');
}

static void add_component(struct buf *ret, const char *what, const char *type, int64_t cents)
{
	buf_printf(ret, "{\"%sType\":\"%s\",", what, type);
	add_amount(ret, strcmp(what, "Fee") == 0 ? "FeeAmount" : "ChargeAmount", cents);
	buf_add_char(ret, '}');
}

/* Charge and fee together are what the seller's balance gains; the fee goes the other way. */
static void shipment_write(const struct amazon_event *e, bool adjusted, struct buf *ret)
{
	const char *more = adjusted ? "Adjustment" : "";

	buf_printf(ret,
	    "\"AmazonOrderId\":\"%s\",\"SellerOrderId\":\"PO %" PRIu64
	    "\",\"MarketplaceName\":\"Amazon.com\","
	    "\"ShipmentItem%sList\":[{\"SellerSKU\":\"SKU-%06" PRIu64 "/A+B\",\"OrderItemId\":\"%014" PRIu64
	    "\",\"QuantityShipped\":1,\"ItemCharge%sList\":[",
	    e->order_id, e->n, more, e->n % 60, e->n, more);
	add_component(ret, "Charge", "Principal", e->cents * 2);
	buf_printf(ret, "],\"ItemFee%sList\":[", more);
	add_component(ret, "Fee", "Commission", -e->cents);
	buf_add_text(ret, "]}]");
	if (!adjusted && e->n % 4 == 3) {
		buf_add_text(ret, ",\"ShipmentFeeAdjustmentList\":[");
		add_component(ret, "Fee", "FBAPerUnitFulfillmentFee", e->cents % 100 + 1);
		buf_add_char(ret, ']');
	}
	if (adjusted && e->n % 3 == 0) {
		buf_add_text(
		    ret, ",\"DirectPaymentList\":[{\"DirectPaymentType\":\"StoredValueCardRefund\",");
		add_amount(ret, "DirectPaymentAmount", 100);
		buf_add_text(ret, "}]");
	}
}

static void adjustment_write(const struct amazon_event *e, struct buf *ret)
{
	static const char *const types[] = {
	    "FBAInventoryReimbursement", "WAREHOUSE_LOST", "ReserveEvent", "NonSubscriptionFeeAdj"};
	const char *type = e->cents < 0 ? "REVERSAL_REIMBURSEMENT" : types[e->n / 11 % ARRAY_SIZE(types)];

	buf_printf(ret, "\"AdjustmentType\":\"%s\",", type);
	add_amount(ret, "AdjustmentAmount", e->cents);
	buf_printf(ret,
	    ",\"AdjustmentItemList\":[{\"Quantity\":\"1\",\"SellerSKU\":\"SKU-%06" PRIu64
	    "/A+B\",\"FnSKU\":\"X0%08X\",\"ProductDescription\":\"Lamp \\u2116 %" PRIu64 "\",",
	    e->n % 60, (unsigned)e->n, e->n);
	add_amount(ret, "PerUnitAmount", e->cents);
	buf_add_char(ret, ',');
	add_amount(ret, "TotalAmount", e->cents);
	buf_add_text(ret, "}]");
}

static void liquidation_write(const struct amazon_event *e, struct buf *ret)
{
	buf_printf(ret, "\"OriginalRemovalOrderId\":\"RO%" PRIu64 "\",", e->n);
	add_amount(ret, "LiquidationProceedsAmount", e->cents + 150);
	buf_add_char(ret, ',');
	add_amount(ret, "LiquidationFeeAmount", -150);
}

static void safet_write(const struct amazon_event *e, struct buf *ret)
{
	buf_printf(ret, "\"SAFETClaimId\":\"%" PRIu64 "\",\"ReasonCode\":\"LostInTransit\",", 12345 + e->n);
	add_amount(ret, "ReimbursedAmount", e->cents);
}

static void fee_write(const struct amazon_event *e, struct buf *ret)
{
	buf_add_text(ret, "\"FeeReason\":\"Subscription\",\"FeeDescription\":\"Monthly fee\",\"FeeList\":[");
	add_component(ret, "Fee", "Subscription", e->n % 2 ? e->cents : -e->cents);
	buf_add_char(ret, ']');
}

static void charge_refund_write(const struct amazon_event *e, struct buf *ret)
{
	buf_add_text(ret, "\"ReasonCode\":\"SubscriptionFeeCorrection\",\"ChargeRefundTransactions\":[");
	add_component(ret, "Charge", "SubscriptionFee", e->cents);
	buf_add_char(ret, ']');
}

static void ads_write(const struct amazon_event *e, struct buf *ret)
{
	buf_printf(ret, "\"transactionType\":\"charge\",\"invoiceId\":\"INV-%" PRIu64 "\",", e->n);
	add_amount(ret, "transactionValue", e->cents);
}

static void refund_write(const struct amazon_event *e, struct buf *ret)
{
	shipment_write(e, true, ret);
}

static void sale_write(const struct amazon_event *e, struct buf *ret)
{
	shipment_write(e, false, ret);
}

static const struct {
	const char *list;
	void (*write)(const struct amazon_event *e, struct buf *ret);
	const char *posted; /* NULL: its events have no date */
} LISTS[] = {
    {"ShipmentEventList", sale_write, "PostedDate"},
    {"RefundEventList", refund_write, "PostedDate"},
    {"GuaranteeClaimEventList", refund_write, "PostedDate"},
    {"ChargebackEventList", refund_write, "PostedDate"},
    {"ProductAdsPaymentEventList", ads_write, "postedDate"},
    {"ServiceFeeEventList", fee_write, NULL},
    {"AdjustmentEventList", adjustment_write, "PostedDate"},
    {"SAFETReimbursementEventList", safet_write, "PostedDate"},
    {"FBALiquidationEventList", liquidation_write, "PostedDate"},
    {"ChargeRefundEventList", charge_refund_write, "PostedDate"},
};

static void event_write(size_t list, const struct amazon_event *e, struct buf *ret)
{
	char posted[AMAZON_TIME_MAX];

	buf_add_char(ret, '{');
	LISTS[list].write(e, ret);
	amazon_time(e->posted_s, posted);
	if (LISTS[list].posted)
		buf_printf(ret, ",\"%s\":\"%s\"", LISTS[list].posted, posted);
	buf_add_char(ret, '}');
}

static void event_record(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	struct amazon_event e;
	size_t k = 0;

	amazon_event_read(a, r, i, &e);
	while (strcmp(LISTS[k].list, e.kind->list) != 0)
		k++;
	event_write(k, &e, ret);
}

static void event_id(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	(void)a, (void)r;
	buf_printf(ret, "%09" PRIu64, i);
}

/* ---- pages ---- */

static void list_write(struct simulator *sim, struct exchange *ex, size_t list, const uint64_t *of, size_t n)
{
	const char *comma = "";

	buf_printf(&sim->body, "%s\"%s\":[", list ? "," : "", LISTS[list].list);
	for (size_t k = 0; k < n; k++) {
		struct amazon_event e;

		amazon_event_read(ex->account, ex->resource, of[k], &e);
		if (strcmp(e.kind->list, LISTS[list].list) != 0)
			continue;
		buf_add_text(&sim->body, comma);
		event_write(list, &e, &sim->body);
		comma = ",";
	}
	buf_add_char(&sim->body, ']');
}

static void page(struct simulator *sim, struct exchange *ex)
{
	size_t count;
	uint64_t next;
	AUTO(mem_free_ptr) uint64_t *of = amazon_posted_page(ex, &count, &next);

	buf_add_text(&sim->body, "{\"payload\":{\"FinancialEvents\":{");
	for (size_t list = 0; list < ARRAY_SIZE(LISTS); list++)
		list_write(sim, ex, list, of, count);
	buf_add_text(&sim->body, ",\"DebtRecoveryEventList\":[]}");
	sim->traffic.count.records += count;
	if (next != UINT64_MAX) {
		buf_add_text(&sim->body, ",\"NextToken\":");
		amazon_token_write(ex, &EVENTS, next, &sim->body);
	}
	buf_add_text(&sim->body, "}}");
}

const struct api AMAZON_EVENTS_V0 = {AMAZON_CALL, .name = "amazon", .text_key = "\"SellerOrderId\":\"",
    .page = page, .record = event_record, .id = event_id};

void amazon_events_begin(struct simulator *sim, struct exchange *ex)
{
	ex->api = &AMAZON_EVENTS_V0;
	if (amazon_admit(sim, ex, &EVENTS, "financial_events") &&
	    amazon_posted_read(sim, ex, "PostedAfter", "PostedBefore"))
		amazon_page_size(sim, ex, "MaxResultsPerPage", 100);
}

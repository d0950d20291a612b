// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "api.h"

#define PER_PAGE 50 /* Amazon decides */

static const struct amazon_call SUMMARIES = {AMAZON_INVENTORY, "nextToken", true};

static void stock_write(struct account *a, struct resource *r, uint64_t i, bool details, struct buf *ret)
{
	struct amazon_stock s;
	char updated[AMAZON_TIME_MAX];
	bool texts = a->amazon.texts;

	amazon_stock_read(a, r, i, &s);
	amazon_time(s.updated_s, updated);
	buf_printf(ret,
	    "{\"asin\":\"%s\",\"fnSku\":\"%s\",\"sellerSku\":\"%s\",\"condition\":\"NewItem\","
	    "\"lastUpdatedTime\":"
	    "\"%s\",\"productName\":\"%s\",\"totalQuantity\":%s%u%s,\"stores\":[]",
	    s.asin, s.fnsku, s.sku, i % 11 ? updated : "", s.name, texts ? "\"" : "", amazon_stock_total(&s),
	    texts ? "\"" : "");
	if (details)
		buf_printf(ret,
		    ",\"inventoryDetails\":{\"fulfillableQuantity\":%u,\"inboundWorkingQuantity\":%u,"
		    "\"inboundShippedQuantity\":%u,\"inboundReceivingQuantity\":%u,\"reservedQuantity\":{"
		    "\"totalReservedQuantity\":%u,\"pendingCustomerOrderQuantity\":%u,"
		    "\"pendingTransshipmentQuantity\":0,\"fcProcessingQuantity\":0},\"researchingQuantity\":{"
		    "\"totalResearchingQuantity\":%u,\"researchingQuantityBreakdown\":[]},"
		    "\"unfulfillableQuantity\":{\"totalUnfulfillableQuantity\":%u}}",
		    s.fulfillable, s.working, s.shipped, s.receiving, s.reserved, s.reserved, s.researching,
		    s.unfulfillable);
	buf_add_char(ret, '}');
}

static void stock_record(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	stock_write(a, r, i, true, ret);
}

static void stock_id(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	struct amazon_stock s;

	amazon_stock_read(a, r, i, &s);
	buf_printf(ret, AMAZON_MARKETPLACE "/%s/NewItem", s.sku);
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct view *view = view_get(ex->account, ex->resource, &ex->window.of);
	char text[PARAM_MAX] = "";
	bool details = request_param(ex->req.query, "details", text) && strcmp(text, "true") == 0;
	size_t count;
	uint64_t next;
	AUTO(mem_free_ptr) uint64_t *list = amazon_page(ex, view->n, &count, &next);

	request_param(ex->req.query, "granularityId", text);
	buf_printf(&sim->body,
	    "{\"payload\":{\"granularity\":{\"granularityType\":\"Marketplace\",\"granularityId\":\"%s\"},"
	    "\"inventorySummaries\":[",
	    text);
	for (size_t k = 0; k < count; k++) {
		buf_add_text(&sim->body, k ? "," : "");
		stock_write(ex->account, ex->resource, list[k], details, &sim->body);
	}
	sim->traffic.count.records += count;
	buf_add_text(&sim->body, "]}");
	if (next != UINT64_MAX) {
		buf_add_text(&sim->body, ",\"pagination\":{\"nextToken\":");
		amazon_token_write(ex, &SUMMARIES, next, &sim->body);
		buf_add_char(&sim->body, '}');
	}
	buf_add_char(&sim->body, '}');
}

const struct api AMAZON_STOCK = {AMAZON_CALL, .name = "amazon", .id_key = "\"sellerSku\":\"",
    .text_key = "\"productName\":\"", .page = page, .record = stock_record, .id = stock_id};

void amazon_inventory_begin(struct simulator *sim, struct exchange *ex)
{
	char type[PARAM_MAX] = "", id[PARAM_MAX] = "", markets[PARAM_MAX] = "";

	ex->api = &AMAZON_STOCK;
	if (!amazon_admit(sim, ex, &SUMMARIES, "inventory"))
		return;
	request_param(ex->req.query, "granularityType", type);
	request_param(ex->req.query, "granularityId", id);
	request_param(ex->req.query, "marketplaceIds", markets);
	if (strcmp(type, "Marketplace") != 0 || !id[0] || strcmp(id, markets) != 0 || strchr(markets, ','))
		amazon_fail(sim, ex, 400, "InvalidInput",
		    "granularityType, granularityId and one of marketplaceIds are needed.");
	else if (!amazon_instant(sim, ex, "startDateTime", &ex->window.of.updated_since_us))
		return;
	else if (!account_name_ok(str_of(id)))
		amazon_fail(sim, ex, 400, "InvalidInput", "There is no such marketplace.");
	ex->window.of.order = ORDER_ID;
	ex->window.limit = PER_PAGE;
}

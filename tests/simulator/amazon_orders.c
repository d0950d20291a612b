// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "api.h"
#include "base/clock.h"

#define TWO_MINUTES_US (120 * US_PER_S)

static const struct amazon_call ORDERS = {AMAZON_ORDERS, "NextToken", true};
static const struct amazon_call ITEMS = {AMAZON_ITEMS, "NextToken", true};
static const char *const STATUS[] = {"Pending", "Unshipped", "Shipped", "Canceled"};

/* Amazon's own answers write numbers and flags as texts at times. */
static void add_flag(struct buf *ret, const char *name, bool flag, bool text)
{
	buf_printf(ret, text ? ",\"%s\":\"%s\"" : ",\"%s\":%s", name, flag ? "true" : "false");
}

static void add_count(struct buf *ret, const char *name, unsigned n, bool text)
{
	buf_printf(ret, text ? ",\"%s\":\"%u\"" : ",\"%s\":%u", name, n);
}

static void add_money(struct buf *ret, const char *name, int64_t cents)
{
	buf_printf(ret, ",\"%s\":{\"CurrencyCode\":\"USD\",\"Amount\":\"", name);
	amazon_money(ret, cents);
	buf_add_text(ret, "\"}");
}

/* ---- orders ---- */

static void add_times(struct buf *ret, const struct amazon_order *o)
{
	char text[AMAZON_TIME_MAX];

	amazon_time(o->bought_s, text);
	buf_printf(ret, ",\"PurchaseDate\":\"%s\"", text);
	amazon_time(o->updated_s, text);
	buf_printf(ret, ",\"LastUpdateDate\":\"%s\"", text);
	amazon_time(o->bought_s + 86400, text);
	buf_printf(ret, ",\"EarliestShipDate\":\"%s\"", text);
	amazon_time(o->bought_s + INT64_C(3) * 86400, text);
	buf_printf(ret, ",\"LatestShipDate\":\"%s\"", text);
}

static void add_counts(struct buf *ret, const struct amazon_order *o, bool texts)
{
	unsigned quantity = 0;

	for (unsigned k = 0; k < o->nitems; k++)
		quantity += o->items[k].quantity;
	add_count(ret, "NumberOfItemsShipped", o->status == AMAZON_SHIPPED ? quantity : 0, texts);
	add_count(ret, "NumberOfItemsUnshipped", o->status == AMAZON_SHIPPED ? 0 : quantity, texts);
}

static void add_buyer(struct buf *ret, const struct amazon_order *o)
{
	buf_printf(ret,
	    ",\"BuyerInfo\":{\"BuyerEmail\":\"buyer%u@marketplace.amazon.com\",\"BuyerName\":\"Buyer No%u\"},"
	    "\"ShippingAddress\":{\"Name\":\"Buyer No%u\",\"AddressLine1\":\"%u Main "
	    "St\",\"City\":\"Seattle\","
	    "\"StateOrRegion\":\"WA\",\"PostalCode\":\"98101\",\"CountryCode\":\"US\"}",
	    o->buyer, o->buyer, o->buyer, o->buyer);
}

static void order_write(struct account *a, struct resource *r, uint64_t i, bool buyer, struct buf *ret)
{
	struct amazon_order o;
	bool texts = a->amazon.texts;

	amazon_order_read(a, r, i, &o);
	buf_printf(ret, "{\"AmazonOrderId\":\"%s\",\"SellerOrderId\":\"%s\",\"OrderStatus\":\"%s\"", o.id,
	    o.seller_id, STATUS[o.status]);
	add_times(ret, &o);
	buf_printf(ret,
	    ",\"FulfillmentChannel\":\"%s\",\"SalesChannel\":\"Amazon.com\",\"MarketplaceId\":"
	    "\"" AMAZON_MARKETPLACE
	    "\",\"OrderType\":\"StandardOrder\",\"ShipServiceLevel\":\"Std US D2D Dom\","
	    "\"ShipmentServiceLevelCategory\":\"Standard\",\"PaymentMethod\":\"Other\","
	    "\"PaymentMethodDetails\":[\"Standard\"]",
	    o.by_amazon ? "AFN" : "MFN");
	add_counts(ret, &o, texts);
	add_flag(ret, "IsPrime", o.prime, texts);
	add_flag(ret, "IsBusinessOrder", o.business, texts);
	add_flag(ret, "IsReplacementOrder", o.replacement, texts);
	add_flag(ret, "IsPremiumOrder", false, texts);
	if (o.status == AMAZON_UNSHIPPED || o.status == AMAZON_SHIPPED)
		add_money(ret, "OrderTotal", o.total);
	if (buyer)
		add_buyer(ret, &o);
	buf_add_char(ret, '}');
}

static void order_record(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	order_write(a, r, i, false, ret);
}

static void order_id(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	char id[24];

	(void)r;
	amazon_order_id(a, i, id);
	buf_add_text(ret, id);
}

static void orders_page(struct simulator *sim, struct exchange *ex)
{
	const struct view *view = view_get(ex->account, ex->resource, &ex->window.of);
	char before[AMAZON_TIME_MAX];
	size_t count;
	uint64_t next;
	int64_t to_s = (int64_t)ex->window.key;
	AUTO(mem_free_ptr) uint64_t *list = amazon_page(ex, amazon_until(ex, view, to_s), &count, &next);

	buf_add_text(&sim->body, "{\"payload\":{\"Orders\":[");
	for (size_t k = 0; k < count; k++) {
		buf_add_text(&sim->body, k ? "," : "");
		order_write(ex->account, ex->resource, list[k], amazon_shows_buyers(ex), &sim->body);
	}
	sim->traffic.count.records += count;
	amazon_time(to_s, before);
	buf_printf(&sim->body, "],\"LastUpdatedBefore\":\"%s\"", before);
	if (next != UINT64_MAX) {
		buf_add_text(&sim->body, ",\"NextToken\":");
		amazon_token_write(ex, &ORDERS, next, &sim->body);
	}
	buf_add_text(&sim->body, "}}");
}

const struct api AMAZON_ORDERS_V0 = {AMAZON_CALL, .name = "amazon", .id_key = "\"AmazonOrderId\":\"",
    .text_key = "\"SellerOrderId\":\"", .page = orders_page, .record = order_record, .id = order_id};

static bool has(const struct exchange *ex, const char *name)
{
	char text[PARAM_MAX];

	return request_param(ex->req.query, name, text) && text[0];
}

static bool times_read(struct simulator *sim, struct exchange *ex)
{
	int64_t now = ex->began_ms * 1000;
	int64_t before = now - TWO_MINUTES_US;
	struct selection *of = &ex->window.of;

	if (has(ex, "CreatedAfter") == has(ex, "LastUpdatedAfter")) {
		amazon_fail(
		    sim, ex, 400, "InvalidInput", "Either CreatedAfter or LastUpdatedAfter must be given.");
		return false;
	}
	if (!amazon_instant(sim, ex, "CreatedAfter", &of->created_since_us) ||
	    !amazon_instant(sim, ex, "LastUpdatedAfter", &of->updated_since_us) ||
	    !amazon_instant(sim, ex, "LastUpdatedBefore", &before))
		return false;
	if (before > now - TWO_MINUTES_US) {
		amazon_fail(sim, ex, 400, "InvalidInput",
		    "LastUpdatedBefore must be no later than two minutes before now.");
		return false;
	}
	ex->window.key = (uint64_t)(before / US_PER_S);
	of->order = ORDER_UPDATED;
	return true;
}

void amazon_orders_begin(struct simulator *sim, struct exchange *ex)
{
	char markets[PARAM_MAX];

	ex->api = &AMAZON_ORDERS_V0;
	if (!amazon_admit(sim, ex, &ORDERS, "orders"))
		return;
	if (!request_param(ex->req.query, "MarketplaceIds", markets) || !markets[0])
		amazon_fail(sim, ex, 400, "InvalidInput", "MarketplaceIds is missing.");
	else if (!times_read(sim, ex) || !amazon_page_size(sim, ex, "MaxResultsPerPage", 100))
		return;
	else if (!strstr(markets, AMAZON_MARKETPLACE))
		ex->window.key = 0;
}

/* ---- items ---- */

static void item_write(const struct account *a, const struct amazon_order *o, unsigned k, struct buf *ret)
{
	const struct amazon_item *item = &o->items[k];
	struct resource none = {0};
	struct amazon_stock stock;

	amazon_stock_read(a, &none, item->sku, &stock);
	buf_printf(ret,
	    "{\"OrderItemId\":\"%s\",\"ASIN\":\"%s\",\"SellerSKU\":\"%s\",\"Title\":\"%s\","
	    "\"QuantityOrdered\":%u,"
	    "\"QuantityShipped\":%u,\"ProductInfo\":{\"NumberOfItems\":\"%u\"},\"IsGift\":\"%s\","
	    "\"ConditionId\":"
	    "\"New\",\"ConditionSubtypeId\":\"New\"",
	    item->id, stock.asin, stock.sku, stock.name, item->quantity,
	    o->status == AMAZON_SHIPPED ? item->quantity : 0, 1 + k, item->gift ? "true" : "false");
	if (o->status == AMAZON_UNSHIPPED || o->status == AMAZON_SHIPPED) {
		add_money(ret, "ItemPrice", item->price);
		add_money(ret, "ItemTax", item->tax);
		add_money(ret, "ShippingPrice", item->shipping);
		add_money(ret, "PromotionDiscount", 0);
	}
	buf_add_char(ret, '}');
}

/* Items age with their orders. */
static void order_of(struct account *a, uint64_t i, struct amazon_order *ret)
{
	struct resource *orders = a->resources;

	while (orders && strcmp(orders->name, "orders") != 0)
		orders = orders->next;
	amazon_order_read(a, orders ? orders : a->resources, i, ret);
}

static void item_record(struct account *a, struct resource *r, uint64_t j, struct buf *ret)
{
	struct amazon_order o;
	uint64_t i;
	unsigned k;

	(void)r;
	amazon_item_place(j, &i, &k);
	order_of(a, i, &o);
	item_write(a, &o, k, ret);
}

static void item_id(struct account *a, struct resource *r, uint64_t j, struct buf *ret)
{
	struct amazon_order o;
	uint64_t i;
	unsigned k;

	(void)r;
	amazon_item_place(j, &i, &k);
	order_of(a, i, &o);
	buf_add_text(ret, o.items[k].id);
}

static void items_page(struct simulator *sim, struct exchange *ex)
{
	struct amazon_order o;

	order_of(ex->account, ex->window.key, &o);
	buf_printf(&sim->body, "{\"payload\":{\"AmazonOrderId\":\"%s\",\"OrderItems\":[", o.id);
	for (unsigned k = 0; k < o.nitems && !ex->window.empty; k++) {
		buf_add_text(&sim->body, k ? "," : "");
		item_write(ex->account, &o, k, &sim->body);
	}
	sim->traffic.count.records += o.nitems;
	buf_add_text(&sim->body, "]");
	if (ex->window.empty) {
		buf_add_text(&sim->body, ",\"NextToken\":");
		amazon_token_write(ex, &ITEMS, 0, &sim->body);
	}
	buf_add_text(&sim->body, "}}");
}

const struct api AMAZON_ITEMS_V0 = {AMAZON_CALL, .name = "amazon", .id_key = "\"OrderItemId\":\"",
    .text_key = "\"SellerSKU\":\"", .page = items_page, .record = item_record, .id = item_id};

void amazon_items_begin(struct simulator *sim, struct exchange *ex)
{
	ex->api = &AMAZON_ITEMS_V0;
	if (!amazon_admit(sim, ex, &ITEMS, "order_items"))
		return;
	struct resource *orders = resource_get(&sim->accounts, ex->account, STR("orders"));
	if (!amazon_order_index(ex->account, ex->args[0], &ex->window.key) ||
	    ex->window.key >= orders->records)
		amazon_fail(sim, ex, 404, "NotFound", "The order does not exist.");
	ex->window.limit = AMAZON_ITEMS_MAX;
}

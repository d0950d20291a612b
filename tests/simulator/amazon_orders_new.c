// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "api.h"
#include "base/clock.h"

/* Orders, 2026-01-01: items inside, camel case, and only what includedData names. */
#define TWO_MINUTES_US (120 * US_PER_S)

static const struct amazon_call ORDERS = {AMAZON_ORDERS, "paginationToken", false};
static const char *const STATUS[] = {"PENDING", "UNSHIPPED", "SHIPPED", "CANCELLED"};

enum part { PART_BUYER = 1, PART_RECIPIENT = 2, PART_PROCEEDS = 4, PART_FULFILLMENT = 8 };
#define PARTS_OF_A_RECORD (PART_PROCEEDS | PART_FULFILLMENT)

static void add_money(struct buf *ret, const char *name, int64_t cents)
{
	buf_printf(ret, "\"%s\":{\"amount\":\"", name);
	amazon_money(ret, cents);
	buf_add_text(ret, "\",\"currencyCode\":\"USD\"}");
}

static void add_breakdown(struct buf *ret, const char *type, int64_t cents)
{
	buf_printf(ret, "{\"type\":\"%s\",", type);
	add_money(ret, "subtotal", cents);
	buf_add_char(ret, '}');
}

static bool is_paid(const struct amazon_order *o)
{
	return o->status == AMAZON_UNSHIPPED || o->status == AMAZON_SHIPPED;
}

static void add_item_proceeds(struct buf *ret, const struct amazon_item *item)
{
	buf_add_text(ret, ",\"proceeds\":{");
	add_money(ret, "proceedsTotal", item->price + item->tax + item->shipping);
	buf_add_text(ret, ",\"breakdowns\":[");
	add_breakdown(ret, "ITEM", item->price);
	buf_add_char(ret, ',');
	add_breakdown(ret, "TAX", item->tax);
	buf_add_char(ret, ',');
	add_breakdown(ret, "SHIPPING", item->shipping);
	buf_add_text(ret, "]}");
}

static void add_item(
    struct buf *ret, const struct account *a, const struct amazon_order *o, unsigned k, int parts)
{
	const struct amazon_item *item = &o->items[k];
	struct resource none = {0};
	struct amazon_stock stock;
	unsigned done = o->status == AMAZON_SHIPPED ? item->quantity : 0;

	amazon_stock_read(a, &none, item->sku, &stock);
	buf_printf(ret,
	    "%s{\"orderItemId\":\"%s\",\"quantityOrdered\":%u,\"programs\":[],\"product\":{\"asin\":\"%s\","
	    "\"title\":\"%s\",\"sellerSku\":\"%s\",\"condition\":{\"conditionType\":\"NEW\","
	    "\"conditionSubtype\":"
	    "\"NEW\"}}",
	    k ? "," : "", item->id, item->quantity, stock.asin, stock.name, stock.sku);
	if (parts & PART_PROCEEDS && is_paid(o))
		add_item_proceeds(ret, item);
	if (parts & PART_FULFILLMENT)
		buf_printf(ret, ",\"fulfillment\":{\"quantityFulfilled\":%u,\"quantityUnfulfilled\":%u%s}",
		    done, item->quantity - done,
		    item->gift ? ",\"packing\":{\"giftOption\":{\"giftWrapLevel\":\"PREMIUM\"}}" : "");
	buf_add_char(ret, '}');
}

static void add_people(struct buf *ret, const struct amazon_order *o, int parts)
{
	if (parts & PART_BUYER)
		buf_printf(ret,
		    ",\"buyer\":{\"buyerName\":\"Buyer "
		    "No%u\",\"buyerEmail\":\"buyer%u@marketplace.amazon.com\"}",
		    o->buyer, o->buyer);
	if (parts & PART_RECIPIENT)
		buf_printf(ret,
		    ",\"recipient\":{\"deliveryAddress\":{\"name\":\"Buyer No%u\",\"addressLine1\":\"%u Main "
		    "St\","
		    "\"city\":\"Seattle\",\"countryCode\":\"US\"}}",
		    o->buyer, o->buyer);
}

static void add_fulfillment(struct buf *ret, const struct amazon_order *o)
{
	char from[AMAZON_TIME_MAX], to[AMAZON_TIME_MAX];

	amazon_time(o->bought_s + 86400, from);
	amazon_time(o->bought_s + INT64_C(3) * 86400, to);
	buf_printf(ret,
	    ",\"fulfillment\":{\"fulfillmentStatus\":\"%s\",\"fulfilledBy\":\"%s\","
	    "\"fulfillmentServiceLevel\":"
	    "\"STANDARD\",\"shipByWindow\":{\"earliestDateTime\":\"%s\",\"latestDateTime\":\"%s\"}}",
	    STATUS[o->status], o->by_amazon ? "AMAZON" : "MERCHANT", from, to);
}

static void add_programs(struct buf *ret, const struct amazon_order *o)
{
	buf_printf(ret, ",\"programs\":[%s%s%s]", o->prime ? "\"PRIME\"" : "",
	    o->prime && o->business ? "," : "", o->business ? "\"AMAZON_BUSINESS\"" : "");
}

static void order_write(struct account *a, struct resource *r, uint64_t i, int parts, struct buf *ret)
{
	struct amazon_order o;
	char bought[AMAZON_TIME_MAX], updated[AMAZON_TIME_MAX];

	amazon_order_read(a, r, i, &o);
	amazon_time(o.bought_s, bought);
	amazon_time(o.updated_s, updated);
	buf_printf(ret,
	    "{\"orderId\":\"%s\",\"orderAliases\":[{\"aliasId\":\"%s\",\"aliasType\":\"SELLER_ORDER_ID\"}],"
	    "\"createdTime\":\"%s\",\"lastUpdatedTime\":\"%s\",\"salesChannel\":{\"channelName\":\"AMAZON\","
	    "\"marketplaceId\":\"" AMAZON_MARKETPLACE "\",\"marketplaceName\":\"Amazon.com\"}",
	    o.id, o.seller_id, bought, updated);
	add_programs(ret, &o);
	add_people(ret, &o, parts);
	if (parts & PART_PROCEEDS && is_paid(&o)) {
		buf_add_text(ret, ",\"proceeds\":{");
		add_money(ret, "grandTotal", o.total);
		buf_add_char(ret, '}');
	}
	if (parts & PART_FULFILLMENT)
		add_fulfillment(ret, &o);
	buf_add_text(ret, ",\"orderItems\":[");
	for (unsigned k = 0; k < o.nitems; k++)
		add_item(ret, a, &o, k, parts);
	buf_add_text(ret, "]}");
}

static void order_record(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	order_write(a, r, i, PARTS_OF_A_RECORD, ret);
}

static void order_id(struct account *a, struct resource *r, uint64_t i, struct buf *ret)
{
	AMAZON_ORDERS_V0.id(a, r, i, ret);
}

/* Buyers and recipients are for those who may see them. */
static int parts_read(const struct exchange *ex)
{
	static const char *const names[] = {"BUYER", "RECIPIENT", "PROCEEDS", "FULFILLMENT"};
	char text[PARAM_MAX] = "";
	int parts = 0;

	request_param(ex->req.query, "includedData", text);
	struct str rest = str_of(text);
	while (rest.n) {
		struct str one = str_cut(&rest, ',');

		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			parts |= str_is(one, names[k]) ? 1 << k : 0;
	}
	return amazon_shows_buyers(ex) ? parts : parts & ~(PART_BUYER | PART_RECIPIENT);
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct view *view = view_get(ex->account, ex->resource, &ex->window.of);
	char before[AMAZON_TIME_MAX];
	int64_t to_s = (int64_t)ex->window.key;
	size_t count;
	uint64_t next;
	AUTO(mem_free_ptr) uint64_t *list = amazon_page(ex, amazon_until(ex, view, to_s), &count, &next);
	int parts = parts_read(ex);

	buf_add_text(&sim->body, "{\"orders\":[");
	for (size_t k = 0; k < count; k++) {
		buf_add_text(&sim->body, k ? "," : "");
		order_write(ex->account, ex->resource, list[k], parts, &sim->body);
	}
	sim->traffic.count.records += count;
	amazon_time(to_s, before);
	buf_printf(&sim->body, "],\"lastUpdatedBefore\":\"%s\"", before);
	if (next != UINT64_MAX) {
		buf_add_text(&sim->body, ",\"pagination\":{\"nextToken\":");
		amazon_token_write(ex, &ORDERS, next, &sim->body);
		buf_add_char(&sim->body, '}');
	}
	buf_add_char(&sim->body, '}');
}

const struct api AMAZON_ORDERS_2026 = {AMAZON_CALL, .name = "amazon-2026-01-01", .id_key = "\"orderId\":\"",
    .text_key = "\"aliasId\":\"", .page = page, .record = order_record, .id = order_id};

void amazon_new_orders_begin(struct simulator *sim, struct exchange *ex)
{
	struct selection *of = &ex->window.of;
	int64_t now = 0, before;

	ex->api = &AMAZON_ORDERS_2026;
	if (!amazon_admit(sim, ex, &ORDERS, "orders"))
		return;
	now = ex->began_ms * 1000;
	before = now - TWO_MINUTES_US;
	if (!amazon_instant(sim, ex, "createdAfter", &of->created_since_us) ||
	    !amazon_instant(sim, ex, "lastUpdatedAfter", &of->updated_since_us) ||
	    !amazon_instant(sim, ex, "lastUpdatedBefore", &before) ||
	    !amazon_page_size(sim, ex, "maxResultsPerPage", 100))
		return;
	if ((of->created_since_us == INT64_MIN) == (of->updated_since_us == INT64_MIN))
		amazon_fail(sim, ex, 400, "InvalidInput",
		    "Exactly one of createdAfter and lastUpdatedAfter is needed.");
	else if (before > now - TWO_MINUTES_US)
		amazon_fail(sim, ex, 400, "InvalidInput", "lastUpdatedBefore is less than two minutes ago.");
	of->order = ORDER_UPDATED;
	ex->window.key = (uint64_t)(before / US_PER_S);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "amazon.h"
#include "template.h"

#define SKUS 60
#define INDEX_DIGITS 10000000

static const char *const NAMES[] = {"Steel Bottle 1 L \xe2\x80\x93 \\\"Trek\\\"",
    "Lamp \xc3\xa9l\xc3\xa9gant, 40 W", "USB-C cable (2 m) \\u2122", "M\xc3\xbcsli bowl / large",
    "\xe5\x8f\xb0\xe6\x89\x80 knife set", "Yoga mat + strap"};

void amazon_time(int64_t unix_s, char ret[AMAZON_TIME_MAX])
{
	char text[CLOCK_TEXT_LEN + 1];

	clock_format(unix_s * US_PER_S, text);
	memcpy(ret, text, 19);
	memcpy(ret + 19, "Z", 2);
}

void amazon_money(struct buf *ret, int64_t cents)
{
	int64_t size = cents < 0 ? -cents : cents;

	buf_printf(ret, "%s%" PRId64 ".%02d", cents < 0 ? "-" : "", size / 100, (int)(size % 100));
}

static uint64_t draw(const struct account *a, uint64_t what, uint64_t i)
{
	return mix(a->salt ^ mix(what * INDEX_DIGITS + i));
}

/* ---- orders ---- */

void amazon_order_id(const struct account *a, uint64_t i, char ret[24])
{
	snprintf(ret, 24, "701-%07u-%07u", 1000000 + a->number % 9000000, (unsigned)(i % INDEX_DIGITS));
}

bool amazon_order_index(const struct account *a, struct str id, uint64_t *ret)
{
	char same[24];
	int64_t n;

	if (id.n != 19 || !str_to_i64((struct str){id.p + 12, 7}, &n) || n < 0)
		return false;
	amazon_order_id(a, (uint64_t)n, same);
	*ret = (uint64_t)n;
	return str_is(id, same);
}

/* One item, two, one, two. */
uint64_t amazon_item_count(uint64_t n)
{
	return n + n / 2;
}

void amazon_item_place(uint64_t j, uint64_t *ret_order, unsigned *ret_k)
{
	*ret_order = 2 * (j / 3) + (j % 3 > 0);
	*ret_k = j % 3 == 2;
}

static void items_read(const struct account *a, uint64_t i, struct amazon_order *o)
{
	o->nitems = 1 + i % 2;
	for (unsigned k = 0; k < o->nitems; k++) {
		uint64_t h = draw(a, 3, 2 * i + k);
		struct amazon_item *item = &o->items[k];

		snprintf(item->id, sizeof item->id, "%014" PRIu64,
		    UINT64_C(10000000000000) + amazon_item_count(i) + k);
		item->sku = (unsigned)(h % SKUS);
		item->quantity = 1 + (unsigned)(h >> 8) % 3;
		item->price = (int64_t)(1 + (h >> 16) % 9999) * item->quantity;
		item->tax = item->price * 7 / 100;
		item->shipping = h >> 40 & 1 ? 499 : 0;
		item->gift = (h >> 41) % 5 == 0;
		o->total += item->price + item->tax + item->shipping;
	}
}

void amazon_order_read(
    const struct account *a, const struct resource *r, uint64_t i, struct amazon_order *ret)
{
	struct times t = record_times(a, r, i);
	uint64_t h = draw(a, 1, i);

	*ret = (struct amazon_order){.bought_s = t.created_s, .updated_s = t.updated_s};
	amazon_order_id(a, i, ret->id);
	snprintf(ret->seller_id, sizeof ret->seller_id, "PO rev%u %" PRIu64, t.revision, i);
	ret->status = (enum amazon_status)(i % 10 == 0 ? AMAZON_PENDING : 1 + h % 3);
	if (t.revision > 1 && ret->status <= AMAZON_UNSHIPPED)
		ret->status = AMAZON_SHIPPED;
	ret->by_amazon = h >> 8 & 1;
	ret->prime = h >> 9 & 1;
	ret->business = (h >> 10) % 8 == 0;
	ret->replacement = (h >> 16) % 20 == 0;
	ret->buyer = (unsigned)(h >> 24) % 1000;
	items_read(a, i, ret);
}

/* ---- stocks ---- */

void amazon_stock_read(
    const struct account *a, const struct resource *r, uint64_t i, struct amazon_stock *ret)
{
	struct times t = record_times(a, r, i);
	uint64_t h = draw(a, 5 + t.revision, i);

	*ret = (struct amazon_stock){.updated_s = t.updated_s,
	    .fulfillable = (unsigned)h % 500,
	    .reserved = (unsigned)(h >> 10) % 20,
	    .working = (unsigned)(h >> 20) % 30,
	    .shipped = (unsigned)(h >> 28) % 40,
	    .receiving = (unsigned)(h >> 36) % 10,
	    .researching = (unsigned)(h >> 44) % 3,
	    .unfulfillable = (unsigned)(h >> 50) % 5};
	snprintf(ret->sku, sizeof ret->sku, "SKU-%06" PRIu64 "/A+B =%u", i, (unsigned)(i % 7));
	snprintf(ret->asin, sizeof ret->asin, "B0%08X", (unsigned)draw(a, 4, i));
	snprintf(ret->fnsku, sizeof ret->fnsku, "X0%08X", (unsigned)(draw(a, 4, i) >> 32));
	snprintf(ret->name, sizeof ret->name, "%s, no. %" PRIu64, NAMES[i % ARRAY_SIZE(NAMES)], i);
}

unsigned amazon_stock_total(const struct amazon_stock *s)
{
	return s->fulfillable + s->reserved + s->working + s->shipped + s->receiving + s->researching +
	       s->unfulfillable;
}

/* ---- financial events ---- */

static const struct amazon_kind KINDS[] = {
    {"ShipmentEventList", "Shipment", "Order Payment"},
    {"RefundEventList", "Refund", "Refund Order"},
    {"AdjustmentEventList", "Adjustment", "FBA Inventory Reimbursement"},
    {"ShipmentEventList", "Shipment", "Order Payment"},
    {"ServiceFeeEventList", "ServiceFee", "Subscription Fee"},
    {"SAFETReimbursementEventList", "SAFETReimbursement", "SAFE-T Reimbursement"},
    {"ChargebackEventList", "Refund", "Chargeback Refund"},
    {"FBALiquidationEventList", "Liquidations", "FBA Liquidation"},
    {"ProductAdsPaymentEventList", "ProductAdsPayment", "Sponsored Products"},
    {"GuaranteeClaimEventList", "GuaranteeClaim", "Guarantee Claim"},
    {"ChargeRefundEventList", "ChargeRefund", "Subscription Fee Correction"},
};

#define SAFET 5 /* in KINDS */

void amazon_event_read(
    const struct account *a, const struct resource *r, uint64_t i, struct amazon_event *ret)
{
	static const int8_t sign[ARRAY_SIZE(KINDS)] = {1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1};
	uint64_t n = i % 16 == 15 ? i - 1 : i;
	uint64_t h = draw(a, 20, n);
	size_t k = n % ARRAY_SIZE(KINDS);

	*ret = (struct amazon_event){.kind = &KINDS[k], .n = n, .posted_s = record_times(a, r, n).created_s};
	amazon_order_id(a, h % 1000, ret->order_id);
	ret->cents = sign[k] * (int64_t)(1 + h % 20000);
	if (k == 2 && n % 5 == 0) /* taken back */
		ret->cents = -ret->cents;
	if (k == SAFET && a->amazon.safet_cents)
		ret->cents = a->amazon.safet_cents;
}

/* ---- what belongs together ---- */

static struct resource *resource_named(const struct account *a, const char *name)
{
	struct resource *r = a->resources;

	while (r && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

void amazon_prepare(struct simulator *sim, struct account *a)
{
	static const char *const names[] = {"orders", "order_items", "financial_events", "inventory"};
	struct resource *orders = resource_named(a, names[0]);

	if (orders)
		resource_get(&sim->accounts, a, str_of(names[1]))->records = amazon_item_count(
		    orders->records);
	for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
		struct resource *r = resource_named(a, names[k]);

		if (r) {
			r->first_s = a->made_s - a->amazon.days * 86400;
			r->step_s = a->amazon.step_s;
		}
	}
}

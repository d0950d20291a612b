// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Amazon's Selling Partner API: what its files share. The facts of an order, an item, a stock or a financial
 * event are made once, and written in the words of the API line that is asked for.
 */
#include "simulator.h"

#define AMAZON_MARKETPLACE "ATVPDKIKX0DER"
#define AMAZON_TIME_MAX 32

/* ---- facts ---- */

struct amazon_item {
	char id[24];
	unsigned sku; /* index of the stock */
	unsigned quantity;
	int64_t price, tax, shipping; /* cents, of the whole line */
	bool gift;
};

#define AMAZON_ITEMS_MAX 2

enum amazon_status { AMAZON_PENDING, AMAZON_UNSHIPPED, AMAZON_SHIPPED, AMAZON_CANCELED };

struct amazon_order {
	char id[24];
	char seller_id[32];
	int64_t bought_s, updated_s;
	enum amazon_status status;
	bool by_amazon, prime, business, replacement;
	int64_t total; /* cents */
	struct amazon_item items[AMAZON_ITEMS_MAX];
	unsigned nitems;
	unsigned buyer; /* who bought it */
};

void amazon_order_read(
    const struct account *a, const struct resource *r, uint64_t i, struct amazon_order *ret);
void amazon_order_id(const struct account *a, uint64_t i, char ret[24]);
bool amazon_order_index(const struct account *a, struct str id, uint64_t *ret);
/* Items of the first `n` orders, and which item of which order is the j-th. */
uint64_t amazon_item_count(uint64_t n);
void amazon_item_place(uint64_t j, uint64_t *ret_order, unsigned *ret_k);
/* Keeps the number of order items in step with the orders, and the records' age with the account's. */
void amazon_prepare(struct simulator *sim, struct account *a);

struct amazon_stock {
	char sku[48], asin[16], fnsku[16], name[96];
	unsigned fulfillable, reserved, working, shipped, receiving, researching, unfulfillable;
	int64_t updated_s;
};

void amazon_stock_read(
    const struct account *a, const struct resource *r, uint64_t i, struct amazon_stock *ret);
unsigned amazon_stock_total(const struct amazon_stock *s);

/* In which list an event is, and what transactions call it. */
struct amazon_kind {
	const char *list;
	const char *transaction; /* transactionType */
	const char *description;
};

struct amazon_event {
	const struct amazon_kind *kind;
	uint64_t n; /* what makes it different from others; two events may share it and are alike */
	int64_t posted_s;
	char order_id[24];
	int64_t cents; /* what the seller's balance gains */
};

/* Every 16th event is like the one before it, letter by letter. */
void amazon_event_read(
    const struct account *a, const struct resource *r, uint64_t i, struct amazon_event *ret);

void amazon_time(int64_t unix_s, char ret[AMAZON_TIME_MAX]);
/* 1234 as 12.34 */
void amazon_money(struct buf *ret, int64_t cents);

/* ---- calls ---- */

/* A page of an operation: from the request's parameters, or from its token. */
struct amazon_call {
	enum amazon_operation operation;
	const char *token_name; /* the parameter with the token */
	bool v0;                /* errors and answers are those of the older line */
};

/* Answers {"errors": [...]}. */
void amazon_fail(
    struct simulator *sim, struct exchange *ex, int status, const char *code, const char *message);
/*
 * The account by x-amz-access-token, its usage plan, the resource, and the token, if there is one, into
 * ex->window.start. False: the answer is there. Everything else that the page depends on is bound to tokens.
 */
bool amazon_admit(
    struct simulator *sim, struct exchange *ex, const struct amazon_call *call, const char *resource);
/* An instant parameter in microseconds; false, and an answer, when it is none. Absent: *ret stays. */
bool amazon_instant(struct simulator *sim, struct exchange *ex, const char *name, int64_t *ret);
/* The number of records that a page has; false, and an answer. */
bool amazon_page_size(struct simulator *sim, struct exchange *ex, const char *name, uint64_t size);
/* The token was taken into account by a restricted one: buyers may be shown. */
bool amazon_shows_buyers(const struct exchange *ex);

/* How many of a view in the order of updates are not later. */
uint64_t amazon_until(const struct exchange *ex, const struct view *view, int64_t to_s);
/*
 * The indexes of this page's records among the first `n` of the view, as the dials have them, appended to a
 * list that the caller frees. ret_next: where the next page begins, or UINT64_MAX at the end.
 */
uint64_t *amazon_page(struct exchange *ex, uint64_t n, size_t *ret_n, uint64_t *ret_next);
/* Appends the token for that place as a JSON string. */
void amazon_token_write(struct exchange *ex, const struct amazon_call *call, uint64_t next, struct buf *ret);

/* What all of its data calls have in common. */
#define AMAZON_ERROR(code, message, details)                                                                 \
	"{\"errors\":[{\"code\":\"" code "\",\"message\":\"" message "\",\"details\":\"" details "\"}]}"
#define AMAZON_CALL                                                                                          \
	.prepare = amazon_prepare, .tokens_live = TOKENS_LIVE_MAX, .expired_status = 403,                    \
	.expired_body = AMAZON_ERROR("Unauthorized", "Access to requested resource is denied.",              \
	    "The access token you provided has expired."),                                                   \
	.unauthorized_status = 403,                                                                          \
	.unauthorized_body = AMAZON_ERROR("Unauthorized", "Access to requested resource is denied.",         \
	    "The access token you provided is revoked, malformed or invalid."),                              \
	.forbidden_body = AMAZON_ERROR("Unauthorized", "Access to requested resource is denied.",            \
	    "The application lacks the role for this operation."),                                           \
	.throttled_body = AMAZON_ERROR(                                                                      \
	    "QuotaExceeded", "You exceeded your quota for the requested resource.", ""),                     \
	.cursor_status = 400, .cursor_body = AMAZON_ERROR("InvalidInput", "NextToken is expired.", "")

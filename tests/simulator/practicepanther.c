// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "api.h"
#include "api_private.h"
#include "practicepanther_texts.h"
#include "template.h"
#include "token.h"

#define BANK 512
#define TOP_DEFAULT 50
#define TOP_MAX 200 /* more is cut to this, as nothing documents a refusal */

static struct {
	const char *name;
	char kind;
	bool dated; /* its records show created_at and updated_at */
	void (*write)(struct buf *ret, uint64_t *rng);
	struct template_bank *bank;
} kinds[] = {
    {"contacts", 'c', false, contact_text, NULL},
    {"matters", 'm', true, matter_text, NULL},
    {"tasks", 't', true, task_text, NULL},
};

void practicepanther_init(uint64_t seed)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		kinds[k].bank = template_bank_new(BANK, mix(seed ^ (uint64_t)kinds[k].kind), kinds[k].write);
}

void practicepanther_done(void)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		template_bank_free(kinds[k].bank);
}

bool practicepanther_serves(struct str resource)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		if (str_is(resource, kinds[k].name))
			return true;
	return false;
}

static size_t kind_of(const struct resource *resource)
{
	size_t k = 0;

	while (k < ARRAY_SIZE(kinds) - 1 && strcmp(resource->name, kinds[k].name) != 0)
		k++;
	return k;
}

static void record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	size_t k = kind_of(resource);
	struct facts facts = facts_of(account, resource, kinds[k].kind, i);

	template_fill(kinds[k].bank, mix(account->salt + i), &facts, ret);
}

static void record_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	char id[36];

	facts_uuid(account, kinds[kind_of(resource)].kind, i, id);
	buf_add(ret, id, sizeof id);
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct window *w = &ex->window;
	const struct view *view = view_get(ex->account, ex->resource, &w->of);
	uint64_t from = page_loop_start(w);
	uint64_t to = from < view->n ? MIN(view->n, from + w->limit) : from;

	buf_add_char(&sim->body, '[');
	page_records(sim, ex, from, to);
	buf_add_char(&sim->body, ']');
}

const struct api PRACTICEPANTHER = {
    .name = "practicepanther",
    .id_key = "\"id\":\"",
    .text_key = "\"notes\":\"",
    .expired_status = 400,
    .expired_body = "{\"error\":\"invalid_grant\"}",
    .unauthorized_status = 401,
    .unauthorized_body = "{\"Message\":\"Authorization has been denied for this request.\"}",
    .page = page,
    .record = record,
    .id = record_id,
};

/* "updated_at desc" and the like; a property that the resource lacks is an error. */
static bool order_read(struct str query, bool dated, struct selection *ret)
{
	char text[PARAM_MAX];

	if (!request_param(query, "$orderby", text))
		return true;
	struct str direction = str_of(text);
	struct str property = str_cut(&direction, ' ');
	ret->descending = str_is(direction, "desc");
	if (direction.n && !ret->descending && !str_is(direction, "asc"))
		return false;
	ret->order = str_is(property, "id") ? ORDER_ID : ORDER_UPDATED;
	return ret->order == ORDER_ID || (dated && str_is(property, "updated_at"));
}

static bool since_read(struct str query, const char *name, int64_t *ret)
{
	char text[PARAM_MAX];

	return !request_param(query, name, text) || clock_parse(str_of(text), true, ret);
}

static const char *window_read(struct str query, bool dated, struct window *w)
{
	int64_t top = TOP_DEFAULT;
	int64_t skip = 0;

	if (!request_number(query, "$top", 0, INT64_MAX, &top))
		return "{\"Message\":\"The value of $top is not a non-negative integer.\"}";
	if (!request_number(query, "$skip", 0, INT64_MAX, &skip))
		return "{\"Message\":\"The value of $skip is not a non-negative integer.\"}";
	if (!order_read(query, dated, &w->of))
		return "{\"Message\":\"The property named in $orderby does not exist.\"}";
	if (!since_read(query, "updated_since", &w->of.updated_since_us))
		return "{\"Message\":\"The value of updated_since is no date.\"}";
	if (!since_read(query, "created_since", &w->of.created_since_us))
		return "{\"Message\":\"The value of created_since is no date.\"}";
	w->limit = (uint64_t)MIN(top, TOP_MAX);
	w->start = (uint64_t)skip;
	return NULL;
}

void practicepanther_begin(struct simulator *sim, struct exchange *ex)
{
	struct str name = ex->args[0];

	if (!practicepanther_serves(name)) {
		answer_text(sim, ex, 404,
		    "{\"Message\":\"No HTTP resource was found that matches the request URI.\"}");
		return;
	}
	ex->api = &PRACTICEPANTHER;
	if (!token_admit(sim, ex))
		return;
	ex->resource = resource_get(&sim->accounts, ex->account, name);
	const char *problem = window_read(ex->req.query, kinds[kind_of(ex->resource)].dated, &ex->window);
	if (problem)
		answer_text(sim, ex, 400, problem);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "api_private.h"
#include "template.h"
#include "token.h"

#define BANK 2048
#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define NOTES 400 /* bytes */

static struct template_bank *bank;

static void record_text(struct buf *ret, uint64_t *rng)
{
	static const char *const words[] = {"amber", "birch", "cedar", "delta", "ember", "fjord", "grove",
	    "harbor", "indigo", "juniper", "kestrel", "lumen", "meadow", "nectar", "orchid", "prairie",
	    "quartz", "river", "saffron", "timber", "umber", "velvet", "willow", "xenon", "yarrow", "zephyr",
	    "account", "renewal", "invoice", "shipment", "contract", "follow-up"};
	static const char *const status[] = {"active", "pending", "suspended", "closed", "trialing"};
	static const char *const city[] = {
	    "Lisbon", "Toronto", "Nairobi", "Osaka", "Reykjavik", "Santiago", "Melbourne", "Gdansk"};
#define PICK(list) (list)[random_below(rng, ARRAY_SIZE(list))]
	const char *first = PICK(words);
	const char *last = PICK(words);
	unsigned number = random_below(rng, 100000);

	buf_printf(ret,
	    "{\"id\":\"a~a-~n\",\"name\":\"%s %s %05u\",\"email\":\"%s.%s.%05u@customers.example.com\",",
	    first, last, number, first, last, number);
	buf_printf(ret, "\"status\":\"%s\",\"amount\":~$.%02u,", PICK(status), random_below(rng, 100));
	buf_printf(ret, "\"created_at\":\"~CZ\",\"updated_at\":\"~U.%03uZ\",", random_below(rng, 1000));
	buf_printf(ret,
	    "\"address\":{\"line1\":\"%u %s Street\",\"line2\":\"Building %c, Floor %u, Suite %u\",",
	    1 + random_below(rng, 9000), PICK(words), (char)('A' + random_below(rng, 26)),
	    random_below(rng, 40), 100 + random_below(rng, 900));
	buf_printf(ret,
	    "\"city\":\"%s\",\"state\":\"%c%c\",\"postal_code\":\"%05u-%04u\",\"country\":\"PT\",",
	    PICK(city), (char)('A' + random_below(rng, 26)), (char)('A' + random_below(rng, 26)),
	    random_below(rng, 100000), random_below(rng, 10000));
	buf_printf(ret, "\"latitude\":%u.%06u,\"longitude\":-%u.%06u,\"verified\":%s},",
	    random_below(rng, 90), random_below(rng, 1000000), random_below(rng, 180),
	    random_below(rng, 1000000), random_below(rng, 2) ? "true" : "false");
	buf_printf(ret, "\"tags\":[\"segment-%s\",\"region-%s\",\"source-%s\"],\"notes\":\"", PICK(words),
	    PICK(words), PICK(words));
	size_t end = ret->n + NOTES;
	while (ret->n < end)
		buf_printf(ret, "%s ", PICK(words));
	ret->n = end - 1;
	buf_add_text(ret, ".\"}");
#undef PICK
}

void bench_init(uint64_t seed)
{
	bank = template_bank_new(BANK, mix(seed ^ 'b'), record_text);
}

void bench_done(void)
{
	template_bank_free(bank);
}

static void record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	struct facts facts = facts_of(account, resource, 'b', i);

	template_fill(bank, mix(account->salt + i + ((uint64_t)facts.times.revision << 40)), &facts, ret);
}

static void record_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	(void)resource;
	buf_printf(ret, "a%05u-%09" PRIu64, account->number, i);
}

/* A cursor is a position; behind an empty page, the same one with another number in front. */
static void cursor_write(const struct exchange *ex, uint64_t next, struct buf *ret)
{
	if (ex->window.empty)
		buf_printf(ret, "%" PRIu64 ".", ex->account->served);
	buf_printf(ret, "%" PRIu64, next);
}

static bool cursor_read(struct str query, int64_t *ret)
{
	char text[PARAM_MAX];

	if (!request_param(query, "cursor", text))
		return true;
	const char *dot = strchr(text, '.');
	return str_to_i64(str_of(dot ? dot + 1 : text), ret) && *ret >= 0;
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct window *w = &ex->window;
	uint64_t n = view_get(ex->account, ex->resource, &w->of)->n;
	uint64_t from = MIN(w->start, n);
	uint64_t to = MIN(n, from + w->limit);
	uint64_t next = w->empty ? w->asked : w->asked + w->limit;

	if (w->loop)
		next = w->loop_to < 0 ? w->start : (uint64_t)w->loop_to;
	buf_add_text(&sim->body, "{\"data\":[");
	page_records(sim, ex, from, to);
	buf_add_text(&sim->body, "],\"next_cursor\":");
	if (next < n || w->loop) {
		buf_add_char(&sim->body, '"');
		cursor_write(ex, next, &sim->body);
		buf_add_text(&sim->body, "\"}");
	} else {
		buf_add_text(&sim->body, "null}");
	}
}

const struct api BENCH = {
    .name = "bench",
    .id_key = "\"id\":\"",
    .text_key = "\"notes\":\"",
    .expired_status = 401,
    .expired_body = "{\"error\":\"invalid_token\"}",
    .unauthorized_status = 401,
    .unauthorized_body = "{\"error\":\"invalid_token\"}",
    .page = page,
    .record = record,
    .id = record_id,
};

static bool admit(struct simulator *sim, struct exchange *ex)
{
	struct account *owner = NULL;

	if (str_is(ex->req.authorization, "Bearer perf-token") && account_name_ok(ex->args[0])) {
		ex->account = account_get(&sim->accounts, ex->args[0]);
		return true;
	}
	if (token_check(sim, &BENCH, ex->req.authorization, &owner) == TOKEN_GOOD &&
	    str_is(ex->args[0], owner->name)) {
		ex->account = owner;
		return true;
	}
	answer_text(sim, ex, 401, BENCH.unauthorized_body);
	return false;
}

void bench_begin(struct simulator *sim, struct exchange *ex)
{
	int64_t limit = LIMIT_DEFAULT;
	int64_t cursor = 0;

	ex->api = &BENCH;
	if (!admit(sim, ex))
		return;
	ex->resource = resource_get(&sim->accounts, ex->account, ex->args[1]);
	if (!ex->resource->sized)
		ex->resource->records = sim->bench_records;
	if (!request_number(ex->req.query, "limit", INT64_MIN, INT64_MAX, &limit) ||
	    !cursor_read(ex->req.query, &cursor)) {
		answer_error(sim, ex, 400, "limit and cursor are whole numbers");
		return;
	}
	ex->window.limit = (uint64_t)MAX(1, MIN(limit, LIMIT_MAX));
	ex->window.of.order = ORDER_ID;
	ex->window.start = (uint64_t)cursor;
}

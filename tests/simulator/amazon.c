// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "base/clock.h"
#include "io/crypto.h"
#include "token.h"

#include <xxhash.h>

#define TOKEN_HEADER "x-amz-access-token"
#define RESTRICTED "Atz.sprdt|"
#define TOKEN_TEXT_MAX 256

/* As documented; calls per second and bucket. */
static const struct {
	const char *rate;
	double per_s, burst;
} PLANS[AMAZON_OPERATIONS] = {
    [AMAZON_ORDERS] = {"0.0167", 0.0167, 20},
    [AMAZON_ITEMS] = {"0.5", 0.5, 30},
    [AMAZON_FINANCES] = {"0.5", 0.5, 30},
    [AMAZON_TRANSACTIONS] = {"0.5", 0.5, 10},
    [AMAZON_INVENTORY] = {"2.0", 2, 2},
    [AMAZON_SELLERS] = {"0.016", 0.016, 15},
};
/* Sellers may have more than the documented rates. */
#define GENEROUS "2000.0"

void amazon_fail(
    struct simulator *sim, struct exchange *ex, int status, const char *code, const char *message)
{
	answer_printf(sim, ex, status, "{\"errors\":[{\"code\":\"%s\",\"message\":\"%s\",\"details\":\"\"}]}",
	    code, message);
}

/* ---- who calls ---- */

static bool is_restricted(const struct exchange *ex)
{
	return str_starts(request_header(&ex->req, STR(TOKEN_HEADER)), STR(RESTRICTED));
}

bool amazon_shows_buyers(const struct exchange *ex)
{
	return ex->account->amazon.buyers || is_restricted(ex);
}

static bool token_good(struct simulator *sim, struct exchange *ex)
{
	struct str token = request_header(&ex->req, STR(TOKEN_HEADER));
	char text[TOKEN_TEXT_MAX];
	if (is_restricted(ex))
		token = (struct str){token.p + strlen(RESTRICTED), token.n - strlen(RESTRICTED)};
	snprintf(text, sizeof text, "bearer %.*s", STR_ARG(token));
	ex->req.authorization = str_of(text);
	bool good = token_admit(sim, ex);
	ex->req.authorization = (struct str){0};
	return good;
}

/* One call out of the bucket; false: it is empty. */
static bool bucket_take(struct amazon_settings *s, enum amazon_operation op)
{
	int64_t now = clock_mono_ms();

	if (!s->filled_ms[op])
		s->tokens[op] = PLANS[op].burst;
	else
		s->tokens[op] += (double)(now - s->filled_ms[op]) / 1000 * PLANS[op].per_s;
	s->filled_ms[op] = now;
	if (s->tokens[op] > PLANS[op].burst)
		s->tokens[op] = PLANS[op].burst;
	if (s->tokens[op] < 1)
		return false;
	s->tokens[op] -= 1;
	return true;
}

static bool plan_admits(struct exchange *ex, enum amazon_operation op)
{
	struct amazon_settings *s = &ex->account->amazon;

	if (s->usage_plans && !bucket_take(s, op)) {
		ex->answer.status = 429;
		return false;
	}
	snprintf(ex->answer.headers, sizeof ex->answer.headers,
	    "x-amzn-RateLimit-Limit: %s\r\nx-amzn-RequestId: %016" PRIx64 "\r\n",
	    s->usage_plans ? PLANS[op].rate : GENEROUS, ex->account->served);
	return true;
}

/* ---- tokens that lead on ---- */

/* "<place>.<issued>.<bound to>.<nth>": what is base64 has the letters that have to be escaped in URLs. */
struct place {
	int64_t next, issued_s, bound, nth;
};

static int64_t bound_of(const struct exchange *ex, const struct amazon_call *call)
{
	struct str rest = ex->req.query;
	size_t name = strlen(call->token_name);
	uint64_t h = call->operation + 1;

	while (rest.n) {
		struct str one = str_cut(&rest, '&');

		if (one.n > name && one.p[name] == '=' && memcmp(one.p, call->token_name, name) == 0)
			continue;
		h += XXH3_64bits(one.p, one.n); /* in whatever order */
	}
	return (int64_t)((h ^ XXH3_64bits(ex->req.path.p, ex->req.path.n)) >> 1);
}

void amazon_token_write(struct exchange *ex, const struct amazon_call *call, uint64_t next, struct buf *ret)
{
	struct buf text = BUF(TOKEN_TEXT_MAX);

	buf_printf(&text, "%" PRIu64 ".%" PRId64 ".%" PRId64 ".%" PRIu64 "~~>>??", next,
	    clock_unix_us() / 1000000, bound_of(ex, call), ex->account->served);
	buf_add_char(ret, '"');
	crypto_base64_encode(CRYPTO_BASE64, buf_str(&text), ret);
	buf_add_char(ret, '"');
	buf_done(&text);
}

static bool place_read(const char *token, struct place *ret)
{
	struct buf text = BUF(TOKEN_TEXT_MAX);
	int64_t *parts[] = {&ret->next, &ret->issued_s, &ret->bound, &ret->nth};
	bool ok = crypto_base64_decode(CRYPTO_BASE64, str_of(token), &text) && text.n;
	struct str rest = ok ? buf_str(&text) : (struct str){0};

	rest = str_cut(&rest, '~');
	for (size_t k = 0; ok && k < ARRAY_SIZE(parts); k++)
		ok = str_to_i64(str_cut(&rest, '.'), parts[k]);
	buf_done(&text);
	return ok;
}

/* An access token that is over, one that is bound to other parameters, or none of ours. */
static bool token_dead(struct simulator *sim, struct exchange *ex, const struct amazon_call *call, bool known)
{
	const struct amazon_settings *s = &ex->account->amazon;
	bool finances = call->operation == AMAZON_FINANCES;

	if (finances && (!known || s->silent_tokens))
		answer_text(sim, ex, 200, "{\"payload\":{}}");
	else if (finances)
		amazon_fail(sim, ex, 400, "InvalidInput", "Token is not valid, token duration is 3 minutes.");
	else
		amazon_fail(sim, ex, 400, "InvalidInput", "NextToken is invalid or expired.");
	return false;
}

static bool token_read(struct simulator *sim, struct exchange *ex, const struct amazon_call *call)
{
	char token[PARAM_MAX];
	struct place place = {0};

	if (!request_param(ex->req.query, call->token_name, token))
		return true;
	if (!place_read(token, &place))
		return token_dead(sim, ex, call, false);
	int64_t age_s = clock_unix_us() / 1000000 - place.issued_s;
	if (place.bound != bound_of(ex, call) || age_s >= ex->account->amazon.life_s[call->operation])
		return token_dead(sim, ex, call, true);
	ex->window.start = (uint64_t)place.next;
	return true;
}

bool amazon_admit(
    struct simulator *sim, struct exchange *ex, const struct amazon_call *call, const char *resource)
{
	if (!token_good(sim, ex))
		return false;
	ex->resource = resource_get(&sim->accounts, ex->account, str_of(resource));
	amazon_prepare(sim, ex->account);
	return plan_admits(ex, call->operation) && token_read(sim, ex, call);
}

/* ---- parameters ---- */

bool amazon_instant(struct simulator *sim, struct exchange *ex, const char *name, int64_t *ret)
{
	char text[PARAM_MAX];

	if (!request_param(ex->req.query, name, text) || clock_parse(str_of(text), false, ret))
		return true;
	amazon_fail(sim, ex, 400, "InvalidInput", "A time is not in ISO 8601 format.");
	return false;
}

bool amazon_page_size(struct simulator *sim, struct exchange *ex, const char *name, uint64_t size)
{
	int64_t n = (int64_t)size;

	if (name && !request_number(ex->req.query, name, 1, 100, &n)) {
		amazon_fail(sim, ex, 400, "InvalidInput", "The page size is a number from 1 to 100.");
		return false;
	}
	ex->window.limit = (uint64_t)n;
	return true;
}

/* ---- pages ---- */

uint64_t amazon_until(const struct exchange *ex, const struct view *view, int64_t to_s)
{
	uint64_t low = 0, high = view->n;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (record_times(ex->account, ex->resource, view_at(view, middle)).updated_s <= to_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Behind an empty page comes one with the same records. */
#define EMPTIED (UINT64_C(1) << 40)

static bool is_empty_turn(const struct exchange *ex, uint64_t n)
{
	uint64_t every = (uint64_t)ex->account->amazon.empty_every;
	const struct window *w = &ex->window;

	return every && !(w->start & EMPTIED) && w->start < n && w->start / w->limit % every == every - 1;
}

uint64_t *amazon_page(struct exchange *ex, uint64_t n, size_t *ret_n, uint64_t *ret_next)
{
	struct window *w = &ex->window;
	const struct view *view = view_get(ex->account, ex->resource, &w->of);
	bool emptied = is_empty_turn(ex, n);
	uint64_t start = w->start & ~EMPTIED;
	uint64_t from = MIN(start, n);
	uint64_t to = MIN(n, from + w->limit);
	uint64_t first = from - MIN(from, w->overlap);
	uint64_t again = MIN(w->again, to - first);
	uint64_t *list = mem_array((size_t)(to - first + again) + 1, sizeof *list);
	uint64_t next = (w->asked & ~EMPTIED) + (w->empty ? 0 : w->limit);
	size_t count = 0;

	for (uint64_t k = 0; !w->empty && !emptied && k < to - first + again; k++) {
		uint64_t at = k < to - first ? k : k - again;

		list[count++] = view_at(view, w->backwards ? to - 1 - at : first + at);
	}
	if (w->loop)
		next = w->loop_to < 0 ? start : (uint64_t)w->loop_to;
	else if (emptied)
		next = start | EMPTIED;
	*ret_n = count;
	*ret_next = w->loop || (next & ~EMPTIED) < n ? next : UINT64_MAX;
	return list;
}

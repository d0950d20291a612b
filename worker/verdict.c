// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "verdict.h"

#include "base/clock.h"
#include "limit_word.h"
#include "sync/retry_after.h"
#include "sync/rules.h"

#define WORD_MAX 64 /* of an error code from the body that goes into the reason */

void verdict_set(struct verdict *ret, enum verdict_class class, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(ret->reason, sizeof ret->reason, fmt, args);
	va_end(args);
	ret->class = class;
	ret->wait_ms = 0;
}

static int64_t reset_ms(const struct limit *l, double value, int64_t now_us)
{
	double ms = limit_reset_us(l, value, now_us) / US_PER_MS;

	return retry_after_clamp((int64_t)MAX(0, MIN(ms, RETRY_AFTER_MAX_MS)));
}

/* The longest wait that a declared limit's headers ask for: nothing is left, and they say until when. */
static int64_t limit_wait_ms(const struct answer *a)
{
	const struct provider *p = a->resource->provider;
	int64_t wait = 0;
	for (size_t i = 0; i < p->limits.n; i++) {
		const struct limit *l = &p->limits.at[i];
		double left, reset;
		if (!l->header_remaining || !l->header_reset)
			continue;
		struct str remaining = http_response_header(a->response, l->header_remaining);
		struct str until = http_response_header(a->response, l->header_reset);
		if (remaining.p && until.p && str_to_double(str_trim(remaining), &left) && left <= 0 &&
		    str_to_double(str_trim(until), &reset))
			wait = MAX(wait, reset_ms(l, reset, a->now_us));
	}
	return wait;
}

/* ---- without a rule ---- */

static enum verdict_class class_of_status(const struct http_response *res, bool cursor_sent)
{
	int s = res->status;
	if (s == 204 || s == 304)
		return VERDICT_EMPTY;
	if (s >= 200 && s < 300)
		return VERDICT_OK;
	if (s == 401)
		return VERDICT_TOKEN;
	if (s == 429 || (s == 503 && http_response_header(res, "Retry-After").p))
		return VERDICT_THROTTLED;
	if (s == 410 && cursor_sent)
		return VERDICT_CURSOR;
	if (s == 408 || s == 425 || s >= 500)
		return VERDICT_TRANSIENT;
	return VERDICT_PERMANENT;
}

/* Only what looks like a code word: a message could echo a secret. */
static bool is_word(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n > 0 && n < WORD_MAX && !s[n];
}

/* Where providers put a code: Google, Amazon, Zoho, OAuth. */
static const char *const code_paths[] = {
    "error.errors.0.reason", "error.status", "errors.0.code", "code", "error"};

static void explain(struct verdict *ret, struct rules_answer *a)
{
	snprintf(ret->reason, sizeof ret->reason, "HTTP %d", a->response->status);
	for (size_t i = 0; i < ARRAY_SIZE(code_paths); i++) {
		json_object *value = rules_value(rules_doc(a), code_paths[i]);
		const char *word = value ? json_object_get_string(value) : NULL;

		if (!word || !is_word(word))
			continue;
		snprintf(ret->reason, sizeof ret->reason, "HTTP %d: %s", a->response->status, word);
		return;
	}
}

static const struct verdict_rule *find_rule(const struct resource *res, struct rules_answer *a)
{
	const struct provider *p = res->provider;
	const struct verdict_rule *rule = rules_find(res->verdicts.at, res->verdicts.n, a);

	return rule ? rule : rules_find(p->verdicts.at, p->verdicts.n, a);
}

static int64_t find_wait_ms(const struct answer *a, const struct verdict_rule *rule)
{
	int64_t ms = retry_after_ms(a->response, a->now_us);

	if (!ms)
		ms = limit_wait_ms(a);
	return ms || !rule ? ms : rule->wait_s * 1000;
}

void verdict_of(const struct answer *a, struct verdict *ret)
{
	AUTO(rules_answer_done)
	struct rules_answer answer = {.response = a->response, .cursor_sent = a->cursor_sent};
	const struct verdict_rule *rule = find_rule(a->resource, &answer);

	*ret = (struct verdict){.class = rule ? rule->class : class_of_status(a->response, a->cursor_sent)};
	if (ret->class == VERDICT_THROTTLED || ret->class == VERDICT_TRANSIENT)
		ret->wait_ms = find_wait_ms(a, rule);
	if (rule && rule->reason)
		snprintf(ret->reason, sizeof ret->reason, "HTTP %d: %s", a->response->status, rule->reason);
	else if (ret->class != VERDICT_OK && ret->class != VERDICT_EMPTY)
		explain(ret, &answer);
}

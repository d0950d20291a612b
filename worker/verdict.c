// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "verdict.h"

#define BODY_MAX (64u << 10) /* of a body that rules look into */
#define BODY_DEPTH 32
#define WORD_MAX 64 /* of an error code from the body that goes into the reason */
#define US_PER_S 1000000

/* The body as a document, parsed when the first rule asks. */
struct document {
	struct str text;
	struct json_object *root;
	bool parsed;
};

void verdict_set(struct verdict *ret, enum verdict_class class, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(ret->reason, sizeof ret->reason, fmt, args);
	va_end(args);
	ret->class = class;
	ret->wait_ms = 0;
}

/* ---- waits ---- */

static int64_t clamp_wait(int64_t ms)
{
	return ms < 1000 ? 1000 : MIN(ms, VERDICT_WAIT_MAX_MS);
}

/* IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT", in seconds since 1970. */
static bool parse_http_date(struct str s, int64_t *ret)
{
	char text[40];
	struct tm tm = {0};
	if (s.n >= sizeof text)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return false;
	*ret = timegm(&tm);
	return true;
}

int64_t verdict_retry_after_ms(const struct http_response *res, int64_t now_us)
{
	struct str value = http_response_header(res, "Retry-After");
	if (!value.p)
		return 0;
	value = str_trim(value);
	double seconds;
	if (str_to_double(value, &seconds) && seconds >= 0)
		return clamp_wait((int64_t)(MIN(seconds, VERDICT_WAIT_MAX_MS / 1000.0) * 1000));
	int64_t at, date, now = now_us / US_PER_S;
	if (!parse_http_date(value, &at))
		return 0;
	struct str sent = http_response_header(res, "Date");
	if (sent.p && parse_http_date(str_trim(sent), &date))
		now = date;
	return clamp_wait(MIN(MAX(at - now, 0), VERDICT_WAIT_MAX_MS / 1000) * 1000);
}

static int64_t reset_ms(const struct limit *l, double value, int64_t now_us)
{
	double now_ms = (double)now_us / 1000;
	switch (l->reset_format) {
	case RESET_DELTA_S:
		value *= 1000;
		break;
	case RESET_DELTA_MS:
		break;
	case RESET_EPOCH_S:
		value = value * 1000 - now_ms;
		break;
	case RESET_EPOCH_MS:
		value -= now_ms;
		break;
	}
	return clamp_wait((int64_t)MAX(0, MIN(value, VERDICT_WAIT_MAX_MS)));
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

/* ---- looking into a body ---- */

static struct json_object *document_root(struct document *d)
{
	if (d->parsed || d->text.n == 0 || d->text.n > BODY_MAX)
		return d->root;
	d->parsed = true;
	if (json_parse(d->text, BODY_MAX, BODY_DEPTH, &d->root, NULL))
		d->root = NULL;
	return d->root;
}

/* `user` is the rule, or where take_word puts what it found. */
typedef bool match_fn(const void *user, struct str value);

static bool match_value(struct json_object *o, const void *user, match_fn *match)
{
	if (!o)
		return false;
	const char *s = json_object_get_string(o);
	size_t n = json_object_is_type(o, json_type_string) ? (size_t)json_object_get_string_len(o)
	                                                    : strlen(s);
	return match(user, (struct str){s, n});
}

static bool match_path(struct json_object *o, struct str path, const void *user, match_fn *match);

/* Elements by number, or all of them. */
static bool match_array(
    struct json_object *o, struct str key, struct str rest, const void *user, match_fn *match)
{
	size_t n = json_object_array_length(o);
	int64_t index;
	if (str_to_i64(key, &index))
		return index >= 0 && (size_t)index < n &&
		       match_path(json_object_array_get_idx(o, (size_t)index), rest, user, match);
	for (size_t i = 0; str_is(key, "*") && i < n; i++)
		if (match_path(json_object_array_get_idx(o, i), rest, user, match))
			return true;
	return false;
}

/* Depth is bounded by that of the document. At the path's end an array means any of its elements. */
static bool match_path(struct json_object *o, struct str path, const void *user, match_fn *match)
{
	if (!path.n && json_object_is_type(o, json_type_array))
		return match_array(o, STR("*"), path, user, match);
	if (!path.n)
		return match_value(o, user, match);
	struct str rest = path;
	struct str key = str_cut(&rest, '.');
	char name[WORD_MAX];
	struct json_object *member = NULL;
	if (json_object_is_type(o, json_type_array))
		return match_array(o, key, rest, user, match);
	if (!json_object_is_type(o, json_type_object) || key.n >= sizeof name)
		return false;
	memcpy(name, key.p, key.n);
	name[key.n] = '\0';
	return json_object_object_get_ex(o, name, &member) && match_path(member, rest, user, match);
}

static bool is_any(const void *user, struct str value)
{
	(void)user, (void)value;
	return true;
}

static bool is_equal(const void *user, struct str value)
{
	const struct verdict_rule *rule = user;
	for (size_t i = 0; i < rule->equals.n; i++)
		if (str_is(value, rule->equals.at[i]))
			return true;
	return false;
}

static bool is_containing(const void *user, struct str value)
{
	const struct verdict_rule *rule = user;
	for (size_t i = 0; i < rule->contains.n; i++)
		if (memmem(value.p, value.n, rule->contains.at[i], strlen(rule->contains.at[i])))
			return true;
	return false;
}

/* ---- rules ---- */

static bool rule_fits_status(const struct verdict_rule *rule, int status)
{
	for (size_t i = 0; i < rule->status.n; i++)
		if (rule->status.at[i] == status)
			return true;
	return rule->status.n == 0;
}

static bool rule_fits_path(const struct verdict_rule *rule, struct document *doc)
{
	struct json_object *root = document_root(doc);
	struct str path = str_of(rule->path);
	if (rule->present && match_path(root, path, rule, is_any) != (rule->present == TRI_YES))
		return false;
	if (rule->equals.n && !match_path(root, path, rule, is_equal))
		return false;
	return !rule->contains.n || match_path(root, path, rule, is_containing);
}

static bool rule_holds(const struct verdict_rule *rule, const struct answer *a, struct document *doc)
{
	if (!rule_fits_status(rule, a->response->status))
		return false;
	if (rule->cursor_sent && a->cursor_sent != (rule->cursor_sent == TRI_YES))
		return false;
	if (rule->header && !http_response_header(a->response, rule->header).p)
		return false;
	if (rule->path)
		return rule_fits_path(rule, doc);
	return !rule->contains.n || (doc->text.n <= BODY_MAX && is_containing(rule, doc->text));
}

static const struct verdict_rule *find_rule(const struct answer *a, struct document *doc)
{
	const struct resource *res = a->resource;
	for (size_t i = 0; i < res->verdicts.n; i++)
		if (rule_holds(&res->verdicts.at[i], a, doc))
			return &res->verdicts.at[i];
	for (size_t i = 0; i < res->provider->verdicts.n; i++)
		if (rule_holds(&res->provider->verdicts.at[i], a, doc))
			return &res->provider->verdicts.at[i];
	return NULL;
}

/* ---- without a rule ---- */

static enum verdict_class class_of_status(const struct http_response *res)
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
	if (s == 408 || s == 425 || s >= 500)
		return VERDICT_TRANSIENT;
	return VERDICT_PERMANENT;
}

/* Only what looks like a code word: a message could echo a secret. */
static bool take_word(const void *user, struct str value)
{
	char *const *word = user;
	if (!value.n || value.n >= WORD_MAX)
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-", value.p[i]))
			return false;
	memcpy(*word, value.p, value.n);
	(*word)[value.n] = '\0';
	return true;
}

/* Where providers put a code: Google, Amazon, Zoho, OAuth. */
static const char *const code_paths[] = {
    "error.errors.0.reason", "error.status", "errors.0.code", "code", "error"};

static void explain(struct verdict *ret, const struct answer *a, struct document *doc)
{
	char text[WORD_MAX] = "";
	char *const word = text;
	for (size_t i = 0; i < ARRAY_SIZE(code_paths); i++)
		if (match_path(document_root(doc), str_of(code_paths[i]), &word, take_word))
			break;
	snprintf(
	    ret->reason, sizeof ret->reason, "HTTP %d%s%s", a->response->status, text[0] ? ": " : "", text);
}

void verdict_of(const struct answer *a, struct verdict *ret)
{
	const struct buf *body = a->response->body;
	struct document doc = {.text = body ? buf_str(body) : STR("")};
	const struct verdict_rule *rule = find_rule(a, &doc);
	*ret = (struct verdict){.class = rule ? rule->class : class_of_status(a->response)};
	if (ret->class == VERDICT_THROTTLED || ret->class == VERDICT_TRANSIENT) {
		ret->wait_ms = verdict_retry_after_ms(a->response, a->now_us);
		if (!ret->wait_ms)
			ret->wait_ms = limit_wait_ms(a);
		if (!ret->wait_ms && rule)
			ret->wait_ms = rule->wait_s * 1000;
	}
	if (rule && rule->reason)
		snprintf(ret->reason, sizeof ret->reason, "HTTP %d: %s", a->response->status, rule->reason);
	else if (ret->class != VERDICT_OK && ret->class != VERDICT_EMPTY)
		explain(ret, a, &doc);
	json_object_put(doc.root);
}

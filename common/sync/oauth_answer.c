// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "sync/oauth.h"

#include "base/json.h"
#include "sync/retry_after.h"
#include "sync/rules.h"

#define TOKEN_MAX (16u << 10)             /* Amazon's take 2 KB */
#define LIFE_MAX_S (366 * INT64_C(86400)) /* longer ones are mistakes of unit, or as good as endless */
#define MS_PER_S 1000

static void set_verdict(struct oauth_answer *a, enum verdict_class class, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void set_verdict(struct oauth_answer *a, enum verdict_class class, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(a->reason, sizeof a->reason, fmt, args);
	va_end(args);
	a->class = class;
}

/* ---- what is no token ---- */

/* The words of RFC 6749 (5.2) and its kin. Only these are repeated in a reason: anything else may echo a
 * secret. */
static const struct {
	const char *code;
	enum verdict_class class;
	const char *reason;
} codes[] = {
    {"invalid_grant", VERDICT_AUTH, "the grant is spent, expired or withdrawn"},
    {"invalid_code", VERDICT_AUTH, "the grant is spent, expired or withdrawn"},
    {"invalid_client", VERDICT_PERMANENT,
        "the client id or secret is refused, for every account of the application"},
    {"unauthorized_client", VERDICT_PERMANENT, "the application may not refresh tokens"},
    {"invalid_request", VERDICT_PERMANENT, "the request lacks what this provider wants"},
    {"invalid_scope", VERDICT_AUTH, "a scope is missing"},
    {"unsupported_grant_type", VERDICT_PERMANENT, "the provider does not refresh tokens this way"},
    {"slow_down", VERDICT_THROTTLED, "too many token requests"},
    {"temporarily_unavailable", VERDICT_TRANSIENT, "the token endpoint is away"},
    {"server_error", VERDICT_TRANSIENT, "the token endpoint failed"},
};

static bool explain_code(json_object *doc, int status, struct oauth_answer *ret)
{
	json_object *error = rules_value(doc, "error");

	if (!json_object_is_type(error, json_type_string))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (strcmp(json_object_get_string(error), codes[i].code) != 0)
			continue;
		set_verdict(ret, codes[i].class, "HTTP %d: %s: %s", status, codes[i].code, codes[i].reason);
		return true;
	}
	return false;
}

static void explain_status(int status, struct oauth_answer *ret)
{
	if (status == 429)
		set_verdict(ret, VERDICT_THROTTLED, "HTTP 429: too many token requests");
	else if (status == 408 || status == 425 || status >= 500)
		set_verdict(ret, VERDICT_TRANSIENT, "HTTP %d: the token endpoint failed", status);
	else if (status >= 200 && status < 300)
		set_verdict(ret, VERDICT_TRANSIENT, "HTTP %d: the answer holds no access token", status);
	else
		set_verdict(ret, VERDICT_PERMANENT, "HTTP %d: the token request is refused", status);
}

static void refuse(const struct http_response *res, const struct verdict_rule *rule, int64_t now_us,
    struct oauth_answer *ret)
{
	if (rule && rule->reason && rule->reason[0])
		set_verdict(ret, rule->class, "HTTP %d: %s", res->status, rule->reason);
	else if (rule)
		set_verdict(ret, rule->class, "HTTP %d: %s, by the provider's declaration", res->status,
		    verdict_class_name(rule->class));
	else if (!explain_code(ret->doc, res->status, ret))
		explain_status(res->status, ret);
	if (ret->class != VERDICT_TRANSIENT && ret->class != VERDICT_THROTTLED)
		return;
	ret->wait_ms = retry_after_ms(res, now_us);
	if (ret->wait_ms == 0 && rule)
		ret->wait_ms = MIN(rule->wait_s * MS_PER_S, RETRY_AFTER_MAX_MS);
	else if (ret->wait_ms != 0 && !rule && res->status == 503)
		ret->class = VERDICT_THROTTLED;
}

/* ---- what is one ---- */

static json_object *first_value(json_object *doc, const struct texts *paths)
{
	json_object *found = NULL;

	for (size_t i = 0; i < paths->n && !found; i++)
		found = rules_value(doc, paths->at[i]);
	return found;
}

/* Visible ASCII: what may stand in a header. */
static bool read_token(json_object *value, struct str *ret)
{
	if (!json_object_is_type(value, json_type_string))
		return false;
	struct str s = {json_object_get_string(value), (size_t)json_object_get_string_len(value)};
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	}
	if (s.n == 0 || s.n > TOKEN_MAX)
		return false;
	*ret = s;
	return true;
}

/* A number, or a number in a string; 0 when there is none that makes sense. */
static double read_duration(json_object *value)
{
	double d = 0;

	if (json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double))
		d = json_object_get_double(value);
	else if (json_object_is_type(value, json_type_string) &&
	         !str_to_double(str_of(json_object_get_string(value)), &d))
		d = 0;
	return d > 0 ? d : 0;
}

static int64_t read_life_us(const struct auth *auth, json_object *doc)
{
	double life = read_duration(first_value(doc, &auth->expires_in));
	bool ms = auth->expires_in_unit == DURATION_MS ||
	          (auth->expires_in_unit == DURATION_AUTO && rules_value(doc, "expires_in_sec"));

	if (ms)
		life /= MS_PER_S;
	if (life < 1)
		life = (double)auth->expires_in_default_s;
	return (int64_t)MIN(life, (double)LIFE_MAX_S) * US_PER_S;
}

static json_object *read_settings(const struct auth *auth, json_object *doc)
{
	json_object *changes = NULL;

	for (size_t i = 0; i < auth->settings.n; i++) {
		json_object *value = rules_value(doc, auth->settings.at[i].path);

		if (!json_object_is_type(value, json_type_string))
			continue;
		if (!changes)
			changes = json_object_new_object();
		json_object_object_add(changes, auth->settings.at[i].setting, json_object_get(value));
	}
	return changes;
}

/* False: there is no access token, and the verdict says so. */
static bool accept(const struct auth *auth, int64_t now_us, struct oauth_answer *ret)
{
	json_object *access = first_value(ret->doc, &auth->access_token);
	json_object *refresh = first_value(ret->doc, &auth->refresh_token);

	if (!access)
		return false;
	if (!read_token(access, &ret->access_token)) {
		set_verdict(ret, VERDICT_PERMANENT, "the access token in the answer is malformed");
		return true;
	}
	if (refresh && !read_token(refresh, &ret->refresh_token)) {
		ret->access_token = (struct str){0};
		set_verdict(ret, VERDICT_PERMANENT, "the refresh token in the answer is malformed");
		return true;
	}
	ret->class = VERDICT_OK;
	ret->expires_at_us = now_us + read_life_us(auth, ret->doc);
	ret->settings = read_settings(auth, ret->doc);
	return true;
}

void oauth_token_answer(
    const struct provider *p, const struct http_response *res, int64_t now_us, struct oauth_answer *ret)
{
	const struct auth *auth = &p->auth;

	*ret = (struct oauth_answer){.class = VERDICT_TRANSIENT};
	AUTO(rules_answer_done) struct rules_answer answer = {.response = res};
	ret->doc = json_object_get(rules_doc(&answer));
	const struct verdict_rule *rule = rules_find(auth->verdicts.at, auth->verdicts.n, &answer);
	bool good = rule ? rule->class == VERDICT_OK : res->status >= 200 && res->status < 300;
	if (good && accept(auth, now_us, ret))
		return;
	refuse(res, good ? NULL : rule, now_us, ret);
}

void oauth_answer_done(struct oauth_answer *a)
{
	json_put_ptr(&a->settings);
	json_put_ptr(&a->doc);
	*a = (struct oauth_answer){0};
}

void oauth_secret_update(json_object *secret, const struct oauth_answer *a)
{
	const struct str access = a->access_token;
	const struct str refresh = a->refresh_token;

	json_object_object_add(secret, "access_token", json_object_new_string_len(access.p, (int)access.n));
	if (refresh.p)
		json_object_object_add(
		    secret, "refresh_token", json_object_new_string_len(refresh.p, (int)refresh.n));
}

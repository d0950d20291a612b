// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "highlevel.h"
#include "token.h"

static const char INVALID_GRANT[] = "{\"error\":\"invalid_grant\"}";

bool token_split(struct str text, struct str prefix, struct str *ret_name, int64_t *ret_n)
{
	if (!str_starts(text, prefix))
		return false;
	text.p += prefix.n;
	text.n -= prefix.n;
	const char *dash = text.n ? memrchr(text.p, '-', text.n) : NULL;
	if (!dash)
		return false;
	*ret_name = (struct str){text.p, (size_t)(dash - text.p)};
	return account_name_ok(*ret_name) &&
	       str_to_i64((struct str){dash + 1, text.n - ret_name->n - 1}, ret_n) && *ret_n > 0;
}

static bool access_over(const struct account *a)
{
	return a->token_expired || clock_unix_us() / 1000 >= a->token_at_ms + a->expires_in_s * 1000;
}

static bool old_is_good(const struct account *a, const struct api *api, int64_t n)
{
	int64_t life_ms = a->expires_in_s * 1000;

	return api->tokens_live && !a->token_expired && n > (int64_t)a->token - (int64_t)api->tokens_live &&
	       clock_unix_us() / 1000 < a->issued_ms[n % (TOKENS_LIVE_MAX + 1)] + life_ms;
}

enum token_state token_check(
    struct simulator *sim, const struct api *api, struct str authorization, struct account **ret_account)
{
	struct str scheme = str_cut(&authorization, ' ');
	struct str name;
	int64_t n = 0;

	if (!str_eq_nocase(scheme, str_of(api->scheme ? api->scheme : "bearer")) ||
	    !token_split(authorization, STR("at-"), &name, &n))
		return TOKEN_UNKNOWN;
	struct account *a = account_find(&sim->accounts, name);
	if (!a || n > a->token)
		return TOKEN_UNKNOWN;
	*ret_account = a;
	if (n < a->token)
		return old_is_good(a, api, n) ? TOKEN_GOOD : TOKEN_EXPIRED;
	return access_over(a) ? TOKEN_EXPIRED : TOKEN_GOOD;
}

bool token_admit(struct simulator *sim, struct exchange *ex)
{
	enum token_state state = token_check(sim, ex->api, ex->req.authorization, &ex->account);

	if (state == TOKEN_UNKNOWN)
		answer_text(sim, ex, ex->api->unauthorized_status, ex->api->unauthorized_body);
	else if (state == TOKEN_EXPIRED)
		answer_text(sim, ex, ex->api->expired_status, ex->api->expired_body);
	return state == TOKEN_GOOD;
}

void token_next(struct account *a)
{
	a->token++;
	a->token_at_ms = clock_unix_us() / 1000;
	a->issued_ms[a->token % (TOKENS_LIVE_MAX + 1)] = a->token_at_ms;
	a->token_expired = false;
}

/* The grant itself: last, so that a dial that hangs spends nothing, and one that cuts loses what was issued.
 */
static void token_issue(struct simulator *sim, struct exchange *ex)
{
	struct account *a = ex->account;

	if (ex->window.start != a->token) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 400, INVALID_GRANT);
		return;
	}
	token_next(a);
	sim->traffic.count.tokens++;
	answer_printf(sim, ex, 200,
	    "{\"access_token\":\"at-%s-%u\",\"token_type\":\"bearer\",\"expires_in\":%" PRId64
	    ",\"refresh_token\":\"rt-%s-%u\"}",
	    a->name, a->token, a->expires_in_s, a->name, a->token);
}

static const struct api OAUTH = {
    .name = "oauth",
    .expired_status = 400,
    .expired_body = INVALID_GRANT,
    .unauthorized_status = 400,
    .unauthorized_body = INVALID_GRANT,
    .page = token_issue,
};

static const struct {
	const char *type;
	const char *param;
	struct str prefix;
} GRANTS[] = {
    {"refresh_token", "refresh_token", {"rt-", 3}},
    {"authorization_code", "code", {"code-", 5}},
};

void token_begin(struct simulator *sim, struct exchange *ex)
{
	if (highlevel_token_asked(ex)) {
		highlevel_token_begin(sim, ex);
		return;
	}
	struct str form = ex->req.body;
	char type[PARAM_MAX] = "";
	char token[PARAM_MAX] = "";
	size_t g = 0;
	struct str name;
	int64_t n = 0;

	request_param(form, "grant_type", type);
	while (g < ARRAY_SIZE(GRANTS) && strcmp(type, GRANTS[g].type) != 0)
		g++;
	if (g == ARRAY_SIZE(GRANTS)) {
		answer_text(sim, ex, 400, "{\"error\":\"unsupported_grant_type\"}");
		return;
	}
	if (!request_has(form, "client_id") || !request_has(form, "client_secret")) {
		answer_text(sim, ex, 400, "{\"error\":\"invalid_client\"}");
		return;
	}
	request_param(form, GRANTS[g].param, token);
	if (token_split(str_of(token), GRANTS[g].prefix, &name, &n))
		ex->account = account_find(&sim->accounts, name);
	if (!ex->account) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 400, INVALID_GRANT);
		return;
	}
	ex->api = &OAUTH;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(TOKEN_RESOURCE));
	ex->window.start = (uint64_t)n;
}

void token_write_state(const struct account *a, struct buf *ret)
{
	buf_printf(ret, "{\"n\":%u,\"access_token\":\"at-%s-%u\"", a->token, a->name, a->token);
	buf_printf(ret, ",\"refresh_token\":\"rt-%s-%u\",\"code\":\"code-%s-%u\"", a->name, a->token, a->name,
	    a->token);
	buf_printf(ret, ",\"expires_in\":%" PRId64 ",\"expired\":%s}", a->expires_in_s,
	    access_over(a) ? "true" : "false");
}

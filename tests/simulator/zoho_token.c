// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "token.h"

#define LIFE_S 3600

/* How many access tokens were issued in the window that ends now. */
static int64_t recent_grants(const struct zoho_settings *z, int64_t now_ms)
{
	int64_t n = 0;

	for (unsigned k = 0; k < MIN(z->grants, GRANTS_MAX); k++)
		n += now_ms - z->granted_ms[k] < z->tokens_window_s * 1000;
	return n;
}

static void issue(struct simulator *sim, struct exchange *ex)
{
	struct account *a = ex->account;
	struct zoho_settings *z = &a->zoho;
	int64_t now_ms = clock_unix_us() / 1000;

	if (z->revoked) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 200, "{\"error\":\"invalid_code\"}");
		return;
	}
	if (recent_grants(z, now_ms) >= z->tokens_max) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 200,
		    "{\"error_description\":\"You have made too many requests continuously. Please try again "
		    "after "
		    "some time.\",\"error\":\"Access Denied\",\"status\":\"failure\"}");
		return;
	}
	z->granted_ms[z->grants++ % GRANTS_MAX] = now_ms;
	token_next(a);
	sim->traffic.count.tokens++;
	char refresh[PARAM_MAX] = "";
	if (ex->window.start) /* by code: what lasts comes along */
		snprintf(refresh, sizeof refresh, "\"refresh_token\":\"rt-%s-1\",", a->name);
	answer_printf(sim, ex, 200,
	    "{%s\"access_token\":\"at-%s-%u\",\"scope\":\"ZohoCRM.modules.READ ZohoCRM.settings.READ "
	    "ZohoCRM.coql.READ\","
	    "\"api_domain\":\"https://www.zohoapis.%s\",\"token_type\":\"Bearer\",\"expires_in\":%" PRId64
	    "}",
	    refresh, a->name, a->token, z->data_centre, MIN(a->expires_in_s, LIFE_S));
}

static const struct api OAUTH = {
    .name = "oauth",
    .expired_status = 200,
    .expired_body = "{\"error\":\"invalid_code\"}",
    .unauthorized_status = 200,
    .unauthorized_body = "{\"error\":\"invalid_code\"}",
    .page = issue,
};

/* The refresh token never changes: rt-<account>-1. A code, code-<account>-1, is good as long as that is. */
void zoho_token_begin(struct simulator *sim, struct exchange *ex)
{
	struct str form = ex->req.body.n ? ex->req.body : ex->req.query;
	char type[PARAM_MAX] = "";
	char token[PARAM_MAX] = "";
	char client[PARAM_MAX] = "";
	struct str name;
	int64_t n = 0;

	request_param(form, "grant_type", type);
	request_param(form, "refresh_token", token);
	if (!request_param(form, "client_id", client) || !request_param(form, "client_secret", client)) {
		answer_text(sim, ex, 200, "{\"error\":\"invalid_client\"}");
		return;
	}
	bool code = strcmp(type, "authorization_code") == 0;
	if (code)
		request_param(form, "code", token);
	if ((code || strcmp(type, "refresh_token") == 0) &&
	    token_split(str_of(token), code ? STR("code-") : STR("rt-"), &name, &n) && n == 1)
		ex->account = account_find(&sim->accounts, name);
	if (!ex->account) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 200, "{\"error\":\"invalid_code\"}");
		return;
	}
	ex->api = &OAUTH;
	ex->window.start = code;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(TOKEN_RESOURCE));
}

static void revoke(struct simulator *sim, struct exchange *ex)
{
	ex->account->zoho.revoked = true;
	answer_text(sim, ex, 200, "{\"status\":\"success\"}");
}

static const struct api REVOCATION = {
    .name = "revocation",
    .expired_status = 400,
    .expired_body = "{\"error\":\"invalid_token\"}",
    .unauthorized_status = 400,
    .unauthorized_body = "{\"error\":\"invalid_token\"}",
    .page = revoke,
};

void zoho_revoke_begin(struct simulator *sim, struct exchange *ex)
{
	struct str form = ex->req.body.n ? ex->req.body : ex->req.query;
	char token[PARAM_MAX] = "";
	struct str name;
	int64_t n = 0;

	request_param(form, "token", token);
	if (token_split(str_of(token), STR("rt-"), &name, &n))
		ex->account = account_find(&sim->accounts, name);
	if (!ex->account) {
		answer_text(sim, ex, 400, REVOCATION.expired_body);
		return;
	}
	ex->api = &REVOCATION;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(TOKEN_RESOURCE));
}

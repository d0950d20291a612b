// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "api.h"
#include "token.h"

#include <json-c/json.h>

#define LIFE_S 3600
#define INVALID_GRANT                                                                                        \
	"{\"error\":\"invalid_grant\",\"error_description\":\"The request has an invalid grant parameter\"}"

/* Login with Amazon: the refresh token stays, rt-<account>-1. */
static void issue(struct simulator *sim, struct exchange *ex)
{
	struct account *a = ex->account;

	if (a->amazon.revoked) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 400, INVALID_GRANT);
		return;
	}
	token_next(a);
	sim->traffic.count.tokens++;
	answer_printf(sim, ex, 200,
	    "{\"access_token\":\"at-%s-%u\",\"refresh_token\":\"rt-%s-1\",\"token_type\":\"bearer\","
	    "\"expires_in\":%" PRId64 "}",
	    a->name, a->token, a->name, MIN(a->expires_in_s, LIFE_S));
}

static const struct api LWA = {
    .name = "oauth",
    .expired_status = 400,
    .expired_body = INVALID_GRANT,
    .unauthorized_status = 400,
    .unauthorized_body = INVALID_GRANT,
    .page = issue,
};

void amazon_token_begin(struct simulator *sim, struct exchange *ex)
{
	struct str form = ex->req.body;
	char type[PARAM_MAX] = "", token[PARAM_MAX] = "", client[PARAM_MAX] = "", secret[PARAM_MAX] = "";
	struct str name;
	int64_t n = 0;

	request_param(form, "grant_type", type);
	bool code = strcmp(type, "authorization_code") == 0;
	if (!request_param(form, "client_id", client) || !request_param(form, "client_secret", secret) ||
	    strcmp(client, "rotated") == 0) {
		answer_text(sim, ex, 401,
		    "{\"error\":\"invalid_client\",\"error_description\":\"Client authentication failed\"}");
		return;
	}
	if (!code && strcmp(type, "refresh_token") != 0) {
		answer_text(sim, ex, 400,
		    "{\"error\":\"unsupported_grant_type\",\"error_description\":\"The grant type is not "
		    "supported\"}");
		return;
	}
	request_param(form, code ? "code" : "refresh_token", token);
	if (token_split(str_of(token), code ? STR("code-") : STR("rt-"), &name, &n) && n == 1)
		ex->account = account_find(&sim->accounts, name);
	if (!ex->account) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 400, INVALID_GRANT);
		return;
	}
	ex->api = &LWA;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(TOKEN_RESOURCE));
}

/* ---- restricted data tokens ---- */

static bool resources_good(const struct exchange *ex)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *list = NULL;
	bool good = false;

	if (!tokener)
		abort();
	struct json_object *json = json_tokener_parse_ex(tokener, ex->req.body.p, (int)ex->req.body.n);
	json_tokener_free(tokener);
	if (json_object_object_get_ex(json, "restrictedResources", &list) &&
	    json_object_is_type(list, json_type_array)) {
		struct json_object *first = json_object_array_get_idx(list, 0);

		good = json_object_object_get_ex(first, "path", NULL) &&
		       json_object_object_get_ex(first, "method", NULL);
	}
	json_object_put(json);
	return good;
}

static void restricted(struct simulator *sim, struct exchange *ex)
{
	answer_printf(sim, ex, 200, "{\"restrictedDataToken\":\"Atz.sprdt|at-%s-%u\",\"expiresIn\":%d}",
	    ex->account->name, ex->account->token, LIFE_S);
}

void amazon_restricted_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api api = {AMAZON_CALL, .name = "amazon-tokens", .page = restricted};
	static const struct amazon_call call = {AMAZON_INVENTORY, "none", false};

	ex->api = &api;
	if (amazon_admit(sim, ex, &call, "tokens") && !resources_good(ex))
		amazon_fail(sim, ex, 400, "InvalidInput", "Request is missing or has invalid parameters");
}

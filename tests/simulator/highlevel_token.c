// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "highlevel.h"
#include "token.h"

#define SCOPES                                                                                               \
	"voice-ai-agents.readonly voice-ai-agents.write voice-ai-dashboard.readonly "                        \
	"voice-ai-agent-goals.readonly voice-ai-agent-goals.write contacts.readonly locations.readonly "     \
	"conversations.readonly conversations/message.readonly phonenumbers.read numberpools.read"

/* Its two lines: the words of each. */
static const struct line {
	const char *grant_type, *client_id, *client_secret, *refresh_token, *access_token, *token_type,
	    *expires_in;
} LINES[] = {
    {"grant_type", "client_id", "client_secret", "refresh_token", "access_token", "token_type", "expires_in"},
    {"grantType", "clientId", "clientSecret", "refreshToken", "accessToken", "tokenType", "expiresIn"},
};

static bool is_v3(const struct exchange *ex)
{
	return str_is(request_header(&ex->req, STR("version")), "v3");
}

bool highlevel_token_asked(const struct exchange *ex)
{
	char value[PARAM_MAX];

	return is_v3(ex) || request_param(ex->req.body, "user_type", value);
}

/* Of a form, or of the JSON that v3 takes as well. */
static bool word(const struct exchange *ex, struct json_object *json, const char *name, char ret[PARAM_MAX])
{
	struct json_object *value = NULL;

	if (!json)
		return request_param(ex->req.body, name, ret) && ret[0];
	if (!json_object_object_get_ex(json, name, &value))
		return false;
	str_copy(ret, PARAM_MAX, json_object_get_string(value));
	return ret[0] != '\0';
}

static bool tells_location(const struct account *a, bool refreshed)
{
	return a->highlevel.location == LOCATION_ALWAYS ||
	       (a->highlevel.location == LOCATION_SOMETIMES && (!refreshed || a->token % 2));
}

/* As in token.c: last, so that a dial that hangs spends nothing. */
static void issue(struct simulator *sim, struct exchange *ex)
{
	struct account *a = ex->account;
	const struct line *line = &LINES[is_v3(ex) || a->highlevel.camel];
	bool refreshed = ex->window.key != 0;

	if (ex->window.start != a->token || a->highlevel.revoked) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 400, HIGHLEVEL_INVALID_GRANT);
		return;
	}
	if (a->highlevel.paused) {
		highlevel_fail(sim, ex, 400, "Location is not active");
		return;
	}
	token_next(a);
	sim->traffic.count.tokens++;
	ex->answer.status = 200;
	buf_printf(&sim->body,
	    "{\"%s\":\"at-%s-%u\",\"%s\":\"Bearer\",\"%s\":%" PRId64
	    ",\"%s\":\"rt-%s-%u\",\"scope\":\"" SCOPES "\",\"userType\":\"Location\"",
	    line->access_token, a->name, a->token, line->token_type, line->expires_in, a->expires_in_s,
	    line->refresh_token, a->name, a->token);
	if (tells_location(a, refreshed))
		buf_printf(&sim->body, ",\"locationId\":\"%s\"", a->name);
	buf_printf(&sim->body,
	    ",\"companyId\":\"company-%u\",\"userId\":\"user-of-%s\",\"planId\":\"plan\","
	    "\"isBulkInstallation\":false,\"traceId\":\"t\"}",
	    a->number / 10, a->name);
}

static const struct api OAUTH = {
    .name = "oauth",
    .expired_status = 400,
    .expired_body = HIGHLEVEL_INVALID_GRANT,
    .unauthorized_status = 400,
    .unauthorized_body = HIGHLEVEL_INVALID_GRANT,
    .page = issue,
};

static void missing(struct simulator *sim, struct exchange *ex, const char *name)
{
	answer_printf(sim, ex, 400, "{\"statusCode\":400,\"message\":\"Missing parameter: %s\"}", name);
}

static void begin(struct simulator *sim, struct exchange *ex, struct json_object *json)
{
	const struct line *line = &LINES[is_v3(ex)];
	char type[PARAM_MAX] = "";
	char token[PARAM_MAX] = "";
	struct str name;
	int64_t n = 0;

	word(ex, json, line->grant_type, type);
	bool refresh = strcmp(type, "refresh_token") == 0;
	if (!word(ex, json, line->client_id, token)) {
		missing(sim, ex, line->client_id);
	} else if (!word(ex, json, line->client_secret, token)) {
		missing(sim, ex, line->client_secret);
	} else if (!refresh && strcmp(type, "authorization_code") != 0) {
		answer_printf(sim, ex, 400, "{\"statusCode\":400,\"message\":\"Invalid parameter: %s\"}",
		    line->grant_type);
	} else if (!word(ex, json, refresh ? line->refresh_token : "code", token)) {
		missing(sim, ex, refresh ? line->refresh_token : "code");
	} else {
		if (token_split(str_of(token), refresh ? STR("rt-") : STR("code-"), &name, &n))
			ex->account = account_find(&sim->accounts, name);
		if (!ex->account)
			answer_text(sim, ex, 400, HIGHLEVEL_INVALID_GRANT);
	}
	ex->api = &OAUTH;
	ex->window.start = (uint64_t)n;
	ex->window.key = refresh;
}

void highlevel_token_begin(struct simulator *sim, struct exchange *ex)
{
	bool is_json = is_v3(ex) && ex->req.body.n && ex->req.body.p[0] == '{';
	struct json_object *json = NULL;

	if (is_json) {
		AUTO(mem_free_ptr) char *text = mem_strndup(ex->req.body.p, ex->req.body.n);

		json = json_tokener_parse(text);
	}
	begin(sim, ex, json);
	json_object_put(json);
	if (ex->account)
		ex->resource = resource_get(&sim->accounts, ex->account, STR(TOKEN_RESOURCE));
	else if (!ex->answer.body_ready)
		answer_text(sim, ex, 400, HIGHLEVEL_INVALID_GRANT);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "api_private.h"
#include "google.h"
#include "token.h"

#include <time.h>

/* Quota units, as Gmail counts them in projects made since May 2026; of Calendar each call is one. */
static const struct {
	const char *call;
	int64_t units;
} UNITS[] = {{"list", 5}, {"get", 20}, {"history", 2}};

static const struct {
	int status;
	const char *word;
} WORDS[] = {{400, "INVALID_ARGUMENT"}, {403, "PERMISSION_DENIED"}, {404, "NOT_FOUND"}, {410, "GONE"}};

void google_fail(
    struct simulator *sim, struct exchange *ex, int status, const char *reason, const char *message)
{
	const char *word = "UNKNOWN";

	for (size_t k = 0; k < ARRAY_SIZE(WORDS); k++)
		if (WORDS[k].status == status)
			word = WORDS[k].word;
	answer_printf(sim, ex, status,
	    "{\"error\":{\"code\":%d,\"message\":\"%s\",\"errors\":[{\"message\":\"%s\",\"domain\":\"%s\","
	    "\"reason\":\"%s\"}],"
	    "\"status\":\"%s\"}}",
	    status, message, message, status == 410 ? "calendar" : "global", reason, word);
}

const struct api *google_api(struct str resource)
{
	static const struct {
		const char *name;
		const struct api *api;
	} all[] = {
	    {"messages", &GOOGLE_MESSAGES}, {"calendars", &GOOGLE_CALENDARS}, {"events", &GOOGLE_EVENTS}};

	for (size_t k = 0; k < ARRAY_SIZE(all); k++)
		if (str_is(resource, all[k].name))
			return all[k].api;
	return NULL;
}

void google_prepare(struct simulator *sim, struct account *account)
{
	google_of(sim, account);
}

bool google_admit(struct simulator *sim, struct exchange *ex, const char *resource, const char *call)
{
	const char *scope = strcmp(resource, "messages") == 0 ? GOOGLE_MAIL_SCOPE : GOOGLE_CALENDAR_SCOPE;
	const struct google *g;

	ex->call = call;
	ex->units = 1;
	for (size_t k = 0; strcmp(resource, "messages") == 0 && k < ARRAY_SIZE(UNITS); k++)
		if (strcmp(UNITS[k].call, call) == 0)
			ex->units = UNITS[k].units;
	if (!token_admit(sim, ex))
		return false;
	g = google_of(sim, ex->account);
	ex->resource = resource_get(&sim->accounts, ex->account, str_of(resource));
	if (g->revoked)
		answer_text(sim, ex, 401, GOOGLE_UNAUTHENTICATED);
	else if (!strstr(g->scope, scope))
		answer_text(sim, ex, 403, GOOGLE_SCOPE_MISSING);
	return !ex->answer.body_ready;
}

bool google_path_decode(struct str in, char ret[PARAM_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (c == '%') {
			if (i + 2 >= in.n || hex_digit(in.p[i + 1]) < 0 || hex_digit(in.p[i + 2]) < 0)
				return false;
			c = (char)(hex_digit(in.p[i + 1]) * 16 + hex_digit(in.p[i + 2]));
			i += 2;
		}
		if (n + 1 >= PARAM_MAX || c == '\0')
			return false;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return true;
}

bool google_flag(const struct exchange *ex, const char *name)
{
	char value[PARAM_MAX];

	return request_param(ex->req.query, name, value) && strcmp(value, "true") == 0;
}

bool google_has(const struct exchange *ex, const char *name, const char *value)
{
	struct str rest = ex->req.query;
	char text[PARAM_MAX];

	while (rest.n)
		if (request_param(str_cut(&rest, '&'), name, text) && strcmp(text, value) == 0)
			return true;
	return false;
}

void google_address(const struct account *a, char ret[ACCOUNT_NAME_MAX + 16])
{
	snprintf(ret, ACCOUNT_NAME_MAX + 16, "%s%s", a->name, strchr(a->name, '@') ? "" : "@example.com");
}

void google_time_text(enum google_time form, int64_t unix_s, char ret[GOOGLE_STAMP_MAX])
{
	time_t t = unix_s;
	struct tm tm;

	gmtime_r(&t, &tm);
	switch (form) {
	case GOOGLE_STAMP:
		strftime(ret, GOOGLE_STAMP_MAX, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		break;
	case GOOGLE_DATE:
		strftime(ret, GOOGLE_STAMP_MAX, "%Y-%m-%d", &tm);
		break;
	case GOOGLE_MOMENT:
		strftime(ret, GOOGLE_STAMP_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
		break;
	case GOOGLE_SUFFIX:
		strftime(ret, GOOGLE_STAMP_MAX, "_%Y%m%dT%H%M%SZ", &tm);
		break;
	}
}

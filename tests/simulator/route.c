// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "control.h"
#include "declared.h"
#include "route.h"
#include "token.h"

struct route {
	const char *method;
	const char *pattern; /* a segment {} stands for any one */
	void (*begin)(struct simulator *sim, struct exchange *ex);
	bool silent; /* not in the log */
};

static const struct route ROUTES[] = {
    {"GET", "/api/v2/{}", practicepanther_begin, false},
    {"GET", "/v1/accounts/{}/{}", bench_begin, false},
    {"GET", "/acme/v3/widgets", acme_begin, false},
    {"GET", "/crm/v8/org", zoho_org_begin, false},
    {"GET", "/crm/v8/users", zoho_users_begin, false},
    {"GET", "/crm/v8/settings/modules", zoho_modules_begin, false},
    {"GET", "/crm/v8/settings/profiles/{}", zoho_profile_begin, false},
    {"GET", "/crm/v8/settings/fields", zoho_fields_begin, false},
    {"POST", "/crm/v8/settings/fields", zoho_fields_make, false},
    {"GET", "/crm/v8/{}", zoho_list_begin, false},
    {"POST", "/crm/v8/coql", zoho_query_begin, false},
    {"GET", "/crm/v8/{}/deleted", zoho_deleted_begin, false},
    {"GET", "/crm/v8/{}/{}", zoho_record_begin, false},
    {"GET", "/gmail/v1/users/{}/messages", google_messages_begin, false},
    {"GET", "/gmail/v1/users/{}/messages/{}", google_message_begin, false},
    {"GET", "/gmail/v1/users/{}/history", google_history_begin, false},
    {"GET", "/gmail/v1/users/{}/profile", google_profile_begin, false},
    {"POST", "/batch/gmail/v1", google_mail_batch_begin, false},
    {"GET", "/calendar/v3/users/me/calendarList", google_calendars_begin, false},
    {"GET", "/calendar/v3/calendars/{}/events", google_events_begin, false},
    {"POST", "/batch/calendar/v3", google_calendar_batch_begin, false},
    {"GET", "/oauth2/v2/userinfo", google_userinfo_begin, false},
    {"GET", "/o/oauth2/v2/auth", google_consent_begin, false},
    {"POST", "/token", google_token_begin, false},
    {"POST", "/revoke", google_revoke_begin, false},
    {"GET", "/orders/v0/orders", amazon_orders_begin, false},
    {"GET", "/orders/v0/orders/{}/orderItems", amazon_items_begin, false},
    {"GET", "/orders/2026-01-01/orders", amazon_new_orders_begin, false},
    {"GET", "/finances/v0/financialEvents", amazon_events_begin, false},
    {"GET", "/finances/2024-06-19/transactions", amazon_transactions_begin, false},
    {"GET", "/fba/inventory/v1/summaries", amazon_inventory_begin, false},
    {"GET", "/sellers/v1/marketplaceParticipations", amazon_sellers_begin, false},
    {"POST", "/tokens/2021-03-01/restrictedDataToken", amazon_restricted_begin, false},
    {"POST", "/auth/o2/token", amazon_token_begin, false},
    {"GET", "/voice-ai/dashboard/call-logs", highlevel_calls_begin, false},
    {"GET", "/locations/{}", highlevel_location_begin, false},
    {"GET", "/voice-ai/dashboard/call-logs/{}", highlevel_call_begin, false},
    {"POST", "/oauth/v2/token", zoho_token_begin, false},
    {"POST", "/oauth/v2/token/revoke", zoho_revoke_begin, false},
    {"POST", "/oauth/token", token_begin, false},
    {"POST", "/OAuth/Token", token_begin, false},
    {"POST", "/control/accounts", control_accounts_set, true},
    {"POST", "/control/accounts/{}", control_account_set, true},
    {"GET", "/control/accounts/{}", control_account_get, true},
    {"POST", "/control/accounts/{}/dials", control_dials_add, true},
    {"POST", "/control/accounts/{}/script", control_script, true},
    {"DELETE", "/control/accounts/{}/dials", control_dials_clear, true},
    {"GET", "/control/accounts/{}/rows", control_rows, true},
    {"GET", "/control/accounts/{}/rows/digest", control_digest, true},
    {"GET", "/control/dials", control_dial_kinds, true},
    {"POST", "/control/limits", control_limits_set, true},
    {"GET", "/control/limits", control_limits_get, true},
    {"GET", "/control/log", control_log, true},
    {"POST", "/control/reset", control_reset, true},
    {"GET", "/stats", control_stats, true},
};

static bool path_matches(struct str path, const char *pattern, struct str args[PATH_ARGS_MAX])
{
	struct str want = str_of(pattern);
	size_t n = 0;

	while (path.n && want.n) {
		struct str have = str_cut(&path, '/');
		struct str segment = str_cut(&want, '/');

		if (str_is(segment, "{}") && have.n)
			args[n++] = have;
		else if (!str_eq(have, segment))
			return false;
	}
	return path.n == 0 && want.n == 0;
}

static bool may_be_part(const char *pattern)
{
	return str_starts(str_of(pattern), STR("/gmail/")) || str_starts(str_of(pattern), STR("/calendar/"));
}

void route_begin(struct simulator *sim, struct exchange *ex)
{
	bool found = false;

	if (!ex->part && declared_begin(sim, ex))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(ROUTES); i++) {
		if ((ex->part && !may_be_part(ROUTES[i].pattern)) ||
		    !path_matches(ex->req.path, ROUTES[i].pattern, ex->args))
			continue;
		found = true;
		ex->logged = ROUTES[i].silent;
		if (str_is(ex->req.method, ROUTES[i].method)) {
			ROUTES[i].begin(sim, ex);
			return;
		}
	}
	answer_error(sim, ex, found ? 405 : 404, found ? "method not allowed" : "no such path");
}

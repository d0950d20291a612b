// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The providers that are simulated. Each begin authenticates, and reads which page is wanted into the
 * exchange. */
#include "simulator.h"

extern const struct api PRACTICEPANTHER;
extern const struct api BENCH;
extern const struct api ACME;
extern const struct api ZOHO;
extern const struct api GOOGLE_MESSAGES;
extern const struct api GOOGLE_CALENDARS;
extern const struct api GOOGLE_EVENTS;
extern const struct api AMAZON_ORDERS_V0, AMAZON_ORDERS_2026, AMAZON_ITEMS_V0, AMAZON_EVENTS_V0;
extern const struct api AMAZON_TRANSACTIONS_2024, AMAZON_STOCK;
extern const struct api HIGHLEVEL;

/* GET /api/v2/{contacts,matters,tasks}: a bare array, $top and $skip. */
void practicepanther_begin(struct simulator *sim, struct exchange *ex);
/* GET /v1/accounts/{account}/{resource}: an opaque cursor in the body. */
void bench_begin(struct simulator *sim, struct exchange *ex);
/* GET /acme/v3/widgets: numbered pages, a key in X-Api-Key. */
void acme_begin(struct simulator *sim, struct exchange *ex);

/* GET /crm/v8/{module}: page or page_token, If-Modified-Since; and one record, those deleted, COQL. */
void zoho_list_begin(struct simulator *sim, struct exchange *ex);
void zoho_record_begin(struct simulator *sim, struct exchange *ex);
void zoho_deleted_begin(struct simulator *sim, struct exchange *ex);
void zoho_query_begin(struct simulator *sim, struct exchange *ex);
/* GET /crm/v8/org, /users, /settings/modules, /settings/profiles/{id}; GET and POST /settings/fields */
void zoho_org_begin(struct simulator *sim, struct exchange *ex);
void zoho_users_begin(struct simulator *sim, struct exchange *ex);
void zoho_modules_begin(struct simulator *sim, struct exchange *ex);
void zoho_profile_begin(struct simulator *sim, struct exchange *ex);
void zoho_fields_begin(struct simulator *sim, struct exchange *ex);
void zoho_fields_make(struct simulator *sim, struct exchange *ex);

/* GET /gmail/v1/users/{}/messages, one message, the history, the profile; POST /batch/gmail/v1. */
void google_messages_begin(struct simulator *sim, struct exchange *ex);
void google_message_begin(struct simulator *sim, struct exchange *ex);
void google_history_begin(struct simulator *sim, struct exchange *ex);
void google_profile_begin(struct simulator *sim, struct exchange *ex);
void google_mail_batch_begin(struct simulator *sim, struct exchange *ex);
/* GET /calendar/v3/users/me/calendarList, /calendar/v3/calendars/{}/events; POST /batch/calendar/v3. */
void google_calendars_begin(struct simulator *sim, struct exchange *ex);
void google_events_begin(struct simulator *sim, struct exchange *ex);
void google_calendar_batch_begin(struct simulator *sim, struct exchange *ex);
/* GET /oauth2/v2/userinfo: whose account it is. */
void google_userinfo_begin(struct simulator *sim, struct exchange *ex);
/* Amazon's: orders and their items, the newer orders, financial events, transactions, stocks; and the LWA
 * token endpoint and restricted data tokens. */
void amazon_orders_begin(struct simulator *sim, struct exchange *ex);
void amazon_items_begin(struct simulator *sim, struct exchange *ex);
void amazon_new_orders_begin(struct simulator *sim, struct exchange *ex);
void amazon_events_begin(struct simulator *sim, struct exchange *ex);
void amazon_transactions_begin(struct simulator *sim, struct exchange *ex);
void amazon_inventory_begin(struct simulator *sim, struct exchange *ex);
void amazon_sellers_begin(struct simulator *sim, struct exchange *ex);
void amazon_token_begin(struct simulator *sim, struct exchange *ex);
void amazon_restricted_begin(struct simulator *sim, struct exchange *ex);
/* GET /voice-ai/dashboard/call-logs: numbered pages, windows of time; and one call. */
void highlevel_calls_begin(struct simulator *sim, struct exchange *ex);
void highlevel_call_begin(struct simulator *sim, struct exchange *ex);
/* GET /locations/{}: what people call it. */
void highlevel_location_begin(struct simulator *sim, struct exchange *ex);

/* Makes the texts that records are cut from. Once, at start. */
void apis_init(uint64_t seed);
void apis_done(void);

/* The API that serves a resource of that name. */
const struct api *api_of(struct str resource);
/* The one of that name that serves it, or NULL. */
const struct api *api_named(const char *name, struct str resource);

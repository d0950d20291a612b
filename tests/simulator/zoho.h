// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Zoho CRM, v8: what its files share. An id has 19 digits: seven of the organisation, one of the module,
 * eleven that grow with the record's index, so it does not fit a double.
 */
#include "simulator.h"
#include "template.h"

#define ZOHO_ID_MAX 24

struct zoho_module {
	const char *resource; /* as the declaration calls it */
	const char *api_name;
	char kind;         /* of its facts */
	unsigned digit;    /* of its ids */
	const char *typed; /* all fields of a record, "Owner:u Subject:t ..." */
	const char *name;  /* the field that deletions show as display_name */
	void (*write)(struct buf *ret, uint64_t *rng);
	char *fields; /* their names, joined with commas */
	struct template_bank *bank;
};

#define ZOHO_STANDARD 18
#define ZOHO_MODULES (ZOHO_STANDARD + 1) /* the last is one that the organisation made itself */

extern struct zoho_module zoho_modules[ZOHO_MODULES];
/* The next field of a list, "Owner:u Subject:t ..."; false: there is none. */
bool zoho_field_next(struct str *rest, struct str *ret_name, char *ret_kind);
/* What zoho_plain_text writes records of from now on. */
void zoho_plain_of(const struct zoho_module *module);
void zoho_plain_text(struct buf *ret, uint64_t *rng);

/* NULL: there is none of that name. */
const struct zoho_module *zoho_module_find(struct str api_name);
const struct zoho_module *zoho_module_of(const struct resource *resource);

/* The view's first position whose record is not before that index; for views in the order of ids. */
uint64_t zoho_position(const struct view *view, uint64_t index);
bool zoho_lead_converted(const struct account *account, uint64_t i);

uint64_t zoho_id_number(const struct account *account, unsigned digit, uint64_t i);
void zoho_id(const struct account *account, unsigned digit, uint64_t i, char ret[ZOHO_ID_MAX]);
/* False when the account has no such id; the index may be beyond the last record. */
bool zoho_id_index(const struct account *account, unsigned digit, struct str id, uint64_t *ret);

/* An answer {"code", "details", "message", "status"}; `details` is a JSON object. */
void zoho_fail(struct simulator *sim, struct exchange *ex, int status, const char *code, const char *details,
    const char *message);
/* Resource and token; false when the answer is there. */
bool zoho_admit(struct simulator *sim, struct exchange *ex, struct str api_name);
/* If-Modified-Since, into the selection; false when it is no time. */
bool zoho_since_read(struct exchange *ex);
/* Nothing to show: 304 when only changes were asked for, else 204. */
void zoho_answer_nothing(struct simulator *sim, struct exchange *ex);
/* The account's local time with its offset, 25 characters. */
void zoho_time(const struct account *account, int64_t unix_s, char ret[26]);

/* Appends record i with only these fields; `keys_only`: of lookups only their ids. */
void zoho_record_part(struct exchange *ex, uint64_t i, const char *fields, bool keys_only, struct buf *ret);
/* Whether the name is one of the list, which is joined with commas. */
bool zoho_list_has(const char *list, struct str name);

void zoho_record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret);
void zoho_record_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret);
void zoho_list_page(struct simulator *sim, struct exchange *ex);

#define ZOHO_ERROR(code, message)                                                                            \
	"{\"code\":\"" code "\",\"details\":{},\"message\":\"" message "\",\"status\":\"error\"}"

/* What all of its data calls have in common. */
#define ZOHO_CALL                                                                                            \
	.name = "zoho", .id_key = "\"id\":\"", .text_key = "\"Description\":\"",                             \
	.scheme = "Zoho-oauthtoken", .tokens_live = TOKENS_LIVE_MAX, .expired_status = 401,                  \
	.expired_body = ZOHO_ERROR("INVALID_TOKEN", "invalid oauth token"), .unauthorized_status = 401,      \
	.unauthorized_body = ZOHO_ERROR("AUTHENTICATION_FAILURE", "Authentication failed"),                  \
	.forbidden_body = ZOHO_ERROR("NO_PERMISSION", "permission denied"),                                  \
	.throttled_body = ZOHO_ERROR("TOO_MANY_REQUESTS", "You have made too many requests"),                \
	.cursor_status = 400,                                                                                \
	.cursor_body = "{\"code\":\"EXPIRED_VALUE\",\"details\":{\"param_name\":\"page_token\"},"            \
	               "\"message\":\"The given page_token is expired\",\"status\":\"error\"}"

void lead_text(struct buf *ret, uint64_t *rng);
void zoho_contact_text(struct buf *ret, uint64_t *rng);
void zoho_account_text(struct buf *ret, uint64_t *rng);
void deal_text(struct buf *ret, uint64_t *rng);

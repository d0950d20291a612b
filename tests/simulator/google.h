// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Gmail v1 and Calendar v3: what their files share. The answers are checked against Google's discovery
 * documents (tests/specs/google) by test_simulated_google.py.
 */
#include "google_state.h"
#include "simulator.h"

#define GOOGLE_ID_MAX 64
#define GOOGLE_MAIL_SCOPE "https://www.googleapis.com/auth/gmail.readonly"
#define GOOGLE_CALENDAR_SCOPE "https://www.googleapis.com/auth/calendar.readonly"
#define GOOGLE_SCOPES                                                                                        \
	GOOGLE_MAIL_SCOPE " " GOOGLE_CALENDAR_SCOPE " https://www.googleapis.com/auth/userinfo.email openid"

/* ---- errors ---- */

#define GOOGLE_ERROR(code, status, domain, reason, message)                                                  \
	"{\"error\":{\"code\":" code ",\"message\":\"" message "\",\"errors\":[{\"message\":\"" message      \
	"\",\"domain\":\"" domain "\",\"reason\":\"" reason "\"}],\"status\":\"" status "\"}}"

#define GOOGLE_UNAUTHENTICATED                                                                               \
	"{\"error\":{\"code\":401,\"message\":\"Request had invalid authentication credentials. Expected "   \
	"OAuth 2 access token, login cookie or other valid authentication credential.\",\"errors\":[{"       \
	"\"message\":\"Invalid Credentials\",\"domain\":\"global\",\"reason\":\"authError\",\"location\":"   \
	"\"Authorization\",\"locationType\":\"header\"}],\"status\":\"UNAUTHENTICATED\"}}"
#define GOOGLE_SCOPE_MISSING                                                                                 \
	GOOGLE_ERROR("403", "PERMISSION_DENIED", "global", "insufficientPermissions",                        \
	    "Request had insufficient authentication scopes.")
#define GOOGLE_NOT_FOUND                                                                                     \
	GOOGLE_ERROR("404", "NOT_FOUND", "global", "notFound", "Requested entity was not found.")

/* What all data calls have in common. */
#define GOOGLE_CALL                                                                                          \
	.name = "google", .id_key = "\"id\":\"", .tokens_live = TOKENS_LIVE_MAX, .expired_status = 401,      \
	.expired_body = GOOGLE_UNAUTHENTICATED, .unauthorized_status = 401,                                  \
	.unauthorized_body = GOOGLE_UNAUTHENTICATED, .forbidden_body = GOOGLE_SCOPE_MISSING,                 \
	.limited_status = 403,                                                                               \
	.limited_body = GOOGLE_ERROR("403", "PERMISSION_DENIED", "usageLimits", "rateLimitExceeded",         \
	    "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user'."),           \
	.throttled_body = GOOGLE_ERROR("429", "RESOURCE_EXHAUSTED", "usageLimits", "rateLimitExceeded",      \
	    "Too many concurrent requests for user."),                                                       \
	.prepare = google_prepare

#define GOOGLE_MAIL_CALL GOOGLE_CALL, .text_key = "\"snippet\":\""
#define GOOGLE_CALENDAR_CALL GOOGLE_CALL, .text_key = "\"description\":\""

void google_fail(
    struct simulator *sim, struct exchange *ex, int status, const char *reason, const char *message);

/* ---- calls ---- */

void google_prepare(struct simulator *sim, struct account *account);
/* Token, scope and resource; false when the answer is there. Sets the call's name and its quota units. */
bool google_admit(struct simulator *sim, struct exchange *ex, const char *resource, const char *call);
/* The path's %xx undone; false when it does not fit or is not well formed. */
bool google_path_decode(struct str segment, char ret[PARAM_MAX]);
bool google_flag(const struct exchange *ex, const char *name);
/* Whether a parameter that may come several times has this value. */
bool google_has(const struct exchange *ex, const char *name, const char *value);
void google_address(const struct account *account, char ret[ACCOUNT_NAME_MAX + 16]);

/* ---- lists ---- */

/* What a list call goes through: indexes of records, or places in a log; always rising, or always falling. */
struct google_list {
	uint32_t *at;
	size_t n, cap;
	bool falling;
};

typedef void google_collect(struct simulator *sim, const struct exchange *ex, struct google_list *ret);
typedef void google_write(struct exchange *ex, uint32_t at, struct buf *ret);

void google_list_add(struct google_list *list, uint32_t at);
/* maxResults and pageToken into the window; `since` and `until` of a page token win over those given. False,
 * and an answer, when the token is not this list's. */
bool google_list_begin(
    struct simulator *sim, struct exchange *ex, google_collect *collect, int64_t size, int64_t size_max);
/* The page's records with commas; `text` gets the next page's token, or is empty at the end. Returns how many
 * there were. */
size_t google_list_page(struct simulator *sim, struct exchange *ex, google_collect *collect,
    google_write *write, struct buf *next);

/* ---- mail ---- */

uint32_t google_labels(const struct account *account, uint32_t i, uint32_t revision);
uint32_t google_label_bit(struct str name); /* 0: there is none */
void google_labels_write(uint32_t labels, struct buf *ret);
void google_message_id(const struct account *account, uint32_t i, char ret[GOOGLE_ID_MAX]);
void google_message_refs(
    const struct account *account, uint32_t i, struct buf *ret); /* "id":…,"threadId":… */

enum google_format { GOOGLE_FULL, GOOGLE_METADATA, GOOGLE_MINIMAL, GOOGLE_RAW };
void google_message_write(const struct account *account, const struct resource *r, uint32_t i,
    enum google_format format, struct buf *ret);

/* ---- calendars ---- */

#define GOOGLE_EVENT_KINDS 8 /* index modulo this says what an event is; the last three are a series */

bool google_event_in_series(uint32_t i);
/* An instance that was called off: shown only to those who want what was deleted. */
bool google_event_called_off(const struct account *account, uint32_t i);
int64_t google_event_start(const struct account *account, const struct resource *r, uint32_t i);
int64_t google_event_end(const struct account *account, const struct resource *r, uint32_t i);

enum google_shape {
	GOOGLE_EVENT,     /* itself, or an instance */
	GOOGLE_CANCELLED, /* what remains of it */
	GOOGLE_SERIES,    /* the series instead of its first instance */
	GOOGLE_ROW,       /* with the id of its calendar, which only rows have */
};
void google_event_write(const struct account *account, const struct resource *r, uint32_t i,
    enum google_shape shape, struct buf *ret);
void google_event_id(
    const struct account *account, const struct resource *r, uint32_t i, char ret[GOOGLE_ID_MAX]);
void google_calendar_id(const struct account *account, uint32_t k, char ret[ACCOUNT_NAME_MAX + 64]);
void google_calendar_write(
    const struct account *account, const struct resource *r, uint32_t k, struct buf *ret);

#define GOOGLE_STAMP_MAX 32

enum google_time {
	GOOGLE_STAMP,  /* 2026-11-21T10:00:00.000Z */
	GOOGLE_DATE,   /* 2026-11-21 */
	GOOGLE_MOMENT, /* 2026-11-21T10:00:00 */
	GOOGLE_SUFFIX, /* _20261121T100000Z */
};
void google_time_text(enum google_time form, int64_t unix_s, char ret[GOOGLE_STAMP_MAX]);

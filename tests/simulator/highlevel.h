// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the files about HighLevel share. */
#include "base/buf.h"
#include "simulator.h"

#include <json-c/json.h>

#define HIGHLEVEL_CALLS "call_logs"
#define HIGHLEVEL_ID_LEN 24 /* hex digits, as of a MongoDB ObjectId */

#define HIGHLEVEL_INVALID_TOKEN                                                                              \
	"{\"statusCode\":401,\"message\":\"Invalid token: access token is "                                  \
	"invalid\",\"error\":\"Unauthorized\"}"
#define HIGHLEVEL_INVALID_GRANT "{\"statusCode\":400,\"message\":\"Invalid grant: refresh token is invalid\"}"

/* The account's settings to begin with. */
void highlevel_defaults(struct account *account);
/* Takes the setting `highlevel` (README.md). */
enum rc highlevel_set(struct account *account, struct json_object *json, struct err *err) MUST_USE;
/* When call i was made, unless it was born later. */
int64_t highlevel_made_s(const struct account *account, uint64_t i);

/* The id of a call, contact or agent: 24 digits, no NUL. Those of calls sort by index. */
void highlevel_id(const struct account *account, char kind, uint64_t i, char *ret);
/* The index of a call's id. */
bool highlevel_id_index(const struct account *account, struct str id, uint64_t *ret);
/* One text of a call, with holes. */
void call_text(struct buf *ret, uint64_t *rng);

/* Whether a request to /oauth/token is in HighLevel's words, which PracticePanther shares the path with. */
bool highlevel_token_asked(const struct exchange *ex);
void highlevel_token_begin(struct simulator *sim, struct exchange *ex);

/* 400, 401, 403, 404 and 422 in its words. */
void highlevel_fail(struct simulator *sim, struct exchange *ex, int status, const char *message);

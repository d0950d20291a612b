// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * How each type of parameter is bound: for param_types.c, which has them in its table. Each binds what was
 * given, or adds a fault.
 */
#include "base/base.h"
#include "param_types.h"

#define PARAM_SHOWN_MAX 64 /* bytes of a refused value that are repeated to the caller */
#define SHOWN(s) (int)MIN((s).n, (size_t)PARAM_SHOWN_MAX), (s).p

bool param_is_hex(struct str s);
void param_fault_type(struct binding *b, const char *what);
struct str param_text_of(struct binding *b, const struct given *g, const char *what);
void param_bind_uuid(struct binding *b, const struct given *g);
void param_bind_int(struct binding *b, const struct given *g);
void param_bind_bool(struct binding *b, const struct given *g);
void param_bind_enum(struct binding *b, const struct given *g);
void param_bind_cursor(struct binding *b, const struct given *g);
void param_bind_text(struct binding *b, const struct given *g);
void param_bind_object(struct binding *b, const struct given *g);
void param_check_secret(struct binding *b, const struct given *g);
void param_bind_time(struct binding *b, const struct given *g);
void param_bind_day_or_time(struct binding *b, const struct given *g);
void param_check_own_tenant(struct binding *b, const struct given *g);
void param_bind_provider(struct binding *b, const struct given *g);
void param_bind_resources(struct binding *b, const struct given *g);
void param_bind_every_resource(struct binding *b);
void param_bind_ids(struct binding *b, const struct given *g);
void param_bind_names(struct binding *b, const struct given *g);
void param_bind_texts(struct binding *b, const struct given *g);
void param_bind_objects(struct binding *b, const struct given *g);
void param_bind_traceparent(struct binding *b, const struct given *g);
void param_bind_event_id(struct binding *b, const struct given *g);
void param_keep_idempotency_key(struct binding *b, const struct given *g);

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "once.h"
#include "param_binders.h"
#include "stream_point.h"

#define TRACEPARENT_LEN 55 /* 00-<32 hex>-<16 hex>-<2 hex> */

bool param_is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdef", s.p[i]) || s.p[i] == '\0')
			return false;
	return true;
}

static bool is_zero(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '0')
			return false;
	return true;
}

/* W3C trace context, version 00; anything else is as good as none, says the recommendation. */
void param_bind_traceparent(struct binding *b, const struct given *g)
{
	struct str rest = g->text;
	struct str version = str_cut(&rest, '-');
	struct str trace = str_cut(&rest, '-');
	struct str parent = str_cut(&rest, '-');
	bool ok = g->text.n == TRACEPARENT_LEN && str_is(version, "00") && trace.n == 32 && parent.n == 16 &&
	          rest.n == 2 && param_is_hex(trace) && param_is_hex(parent) && param_is_hex(rest) &&
	          !is_zero(trace) && !is_zero(parent);

	if (ok)
		pg_arg_text(b->args, g->text);
	else
		pg_arg_null(b->args);
}

/* Anything else is as good as none: who resumes by it begins anew. */
void param_bind_event_id(struct binding *b, const struct given *g)
{
	struct stream_point point;

	if (g->text.n < STREAM_POINT_TEXT_MAX && stream_point_parse(g->text, &point))
		pg_arg_text(b->args, g->text);
	else
		pg_arg_null(b->args);
}

void param_keep_idempotency_key(struct binding *b, const struct given *g)
{
	free(*b->in->idempotency_key);
	*b->in->idempotency_key = once_read_key(g->text);
	if (!*b->in->idempotency_key)
		problem_fault(b->faults, "invalid_idempotency_key", b->pointer,
		    "%s must be 1 to %d printable characters, bare or in quotes", b->param->name,
		    ONCE_KEY_MAX);
}

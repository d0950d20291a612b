// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "call.h"
#include "route_rows.h"
#include "streams.h"

#define RESUME_US INT64_C(3600000000) /* a client that was away for longer looks for himself */

static bool has_room(struct call *c)
{
	if (!streams_full(call_calls(c)->streams))
		return true;
	call_refuse(
	    c, 503, "too_many_listeners", "this service has no room for a further listener; ask again");
	return false;
}

static void listen(struct call *c, struct reply row, struct stream_wish *wish)
{
	wish->caller = call_caller(c);
	reply_done(&row);
	streams_listen(call_calls(c)->streams, c, wish);
}

static void refuse_start(struct call *c, struct reply row)
{
	reply_done(&row);
	call_refuse(c, 500, "internal_error", "a stream has no beginning");
}

static void start_one(struct call *c, struct reply row)
{
	struct stream_wish wish = {.one = true};

	if (row.status != 200)
		call_answer(c, row);
	else if (uuid_parse(str_of(row.body), &wish.sync) &&
	         stream_point_parse(str_of(row.location), &wish.since))
		listen(c, row, &wish);
	else
		refuse_start(c, row);
}

static void listen_to_one(struct call *c)
{
	if (has_room(c))
		call_read(c, &sql_stream_open, start_one);
}

static void start_all(struct call *c, struct reply row)
{
	struct stream_wish wish = {.one = false};
	struct stream_point now;

	if (row.status != 200) {
		call_answer(c, row);
		return;
	}
	if (!stream_point_parse(str_of(row.location), &wish.since) ||
	    !stream_point_parse(str_of(row.body), &now)) {
		refuse_start(c, row);
		return;
	}
	/* A version from the future is another database's. */
	wish.outdated = wish.since.us < now.us - RESUME_US || wish.since.version > now.version;
	if (wish.outdated)
		wish.since = now;
	listen(c, row, &wish);
}

static void listen_to_all(struct call *c)
{
	if (has_room(c))
		call_write(c, &sql_stream_open_all, start_all);
}

#define LAST_EVENT                                                                                           \
	{                                                                                                    \
		.name = "Last-Event-ID", .from = PARAM_HEADER, .type = PARAM_EVENT_ID                        \
	}

static const struct route_param one_params[] = {PATH_ID("sync_id"), TENANT, LAST_EVENT};
static const struct route_param all_params[] = {TENANT, LAST_EVENT};

static const struct route rows[] = {
    {"GET", "/v1/syncs/{sync_id}/events", RIGHT_READ, ROUTE_HANDLER, &sql_stream_open, PARAMS(one_params),
        listen_to_one},
    {"GET", "/v1/events", RIGHT_READ, ROUTE_HANDLER, &sql_stream_open_all, PARAMS(all_params), listen_to_all},
};

const struct routes routes_streams = ROWS(rows);

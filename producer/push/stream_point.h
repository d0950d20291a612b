// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The ids of server-sent events, made of the database's state, so that a client goes on at any producer:
 * "<microseconds of its clock>-<transaction below which everything was seen>", with "-done" behind it for the
 * end of the one sync that was listened to.
 */
#include "base/base.h"

#define STREAM_POINT_TEXT_MAX 48

struct stream_point {
	int64_t us;
	int64_t version;
};

/* False when it is no such text; "-done" is skipped. */
bool stream_point_parse(struct str text, struct stream_point *ret);
void stream_point_format(const struct stream_point *point, bool done, char ret[STREAM_POINT_TEXT_MAX]);

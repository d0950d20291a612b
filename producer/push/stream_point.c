// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "stream_point.h"

bool stream_point_parse(struct str text, struct stream_point *ret)
{
	struct str rest = text;
	struct str us = str_cut(&rest, '-');
	struct str version = str_cut(&rest, '-');
	struct stream_point p;

	if (!str_to_i64(us, &p.us) || !str_to_i64(version, &p.version) || p.us < 0 || p.version < 0)
		return false;
	if (rest.n > 0 && !str_is(rest, "done"))
		return false;
	*ret = p;
	return true;
}

void stream_point_format(const struct stream_point *point, bool done, char ret[STREAM_POINT_TEXT_MAX])
{
	snprintf(ret, STREAM_POINT_TEXT_MAX, "%" PRId64 "-%" PRId64 "%s", point->us, point->version,
	    done ? "-done" : "");
}

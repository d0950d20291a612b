// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "etag.h"

#include <xxhash.h>

void etag_of(struct str body, char ret[ETAG_LEN + 1])
{
	XXH128_hash_t hash = XXH3_128bits(body.p, body.n);

	snprintf(ret, ETAG_LEN + 1, "\"%016" PRIx64 "%016" PRIx64 "\"", hash.high64, hash.low64);
}

/* The weak comparison: a proxy that compresses makes our validators weak. Ours hold no commas. */
bool etag_matches(struct str if_none_match, const char *etag)
{
	while (if_none_match.n) {
		struct str tag = str_trim(str_cut(&if_none_match, ','));

		if (str_is(tag, "*"))
			return true;
		if (str_starts(tag, STR("W/")))
			tag = (struct str){tag.p + 2, tag.n - 2};
		if (str_is(tag, etag))
			return true;
	}
	return false;
}

void etag_apply(struct str if_none_match, struct reply *r)
{
	char etag[ETAG_LEN + 1];

	if (r->status != 200 || !r->body)
		return;
	etag_of((struct str){r->body, r->body_n}, etag);
	reply_add_header(r, "ETag", mem_strdup(etag));
	r->cache = "private, no-cache"; /* kept, but asked for again each time */
	if (!etag_matches(if_none_match, etag))
		return;
	r->status = 304; /* the body stays: it is not sent, but its length is what Content-Length may say */
}

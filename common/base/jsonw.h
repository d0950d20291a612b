// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Writes JSON into a buffer, member by member and without a tree. The caller opens and closes in the right
 * order; an overflow shows in the buffer (buf_ok). `key` is the member's name in an object and NULL in an
 * array or at the root.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/uuid.h"

struct jsonw {
	struct buf *out;
	bool comma; /* something stands before the next value on this level */
};

#define JSONW(buffer) ((struct jsonw){.out = (buffer)})

void jsonw_object(struct jsonw *w, const char *key);
void jsonw_object_end(struct jsonw *w);
void jsonw_array(struct jsonw *w, const char *key);
void jsonw_array_end(struct jsonw *w);

void jsonw_str(struct jsonw *w, const char *key, struct str value);
/* NULL writes null. */
void jsonw_text(struct jsonw *w, const char *key, const char *value);
void jsonw_int(struct jsonw *w, const char *key, int64_t value);
/* The shortest text that reads back the same; null for what JSON cannot say (NaN, infinities). */
void jsonw_double(struct jsonw *w, const char *key, double value);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);
/* NULL writes null. */
void jsonw_uuid(struct jsonw *w, const char *key, const struct uuid *value);
/* RFC 3339 text of an instant (clock.h). */
void jsonw_time(struct jsonw *w, const char *key, int64_t unix_us);
/* `json` must be one complete JSON value; it is copied as it is. */
void jsonw_raw(struct jsonw *w, const char *key, struct str json);

/*
 * The inside of a JSON string (no quotes). Bytes that are not UTF-8 become U+FFFD; all control characters
 * (C0, DEL, C1) are escaped, so that the text can neither break a line nor move a terminal's cursor.
 */
void json_escape(struct buf *out, struct str text);

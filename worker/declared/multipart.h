// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Reads an answer of type multipart/mixed (RFC 2046, 5.1) whose parts are HTTP answers themselves (RFC
 * 9112, 10.2): what Google says to a batch, https://developers.google.com/workspace/gmail/api/guides/batch.
 * Pure; everything that is handed out points into the body.
 */
#include "base/base.h"
#include "io/http.h"

#define MULTIPART_HEADERS_MAX 32 /* of one inner answer; more are not handed out */

struct multipart_part {
	struct str id; /* Content-ID without its brackets; p NULL: it has none */
	int status;
	struct http_header headers[MULTIPART_HEADERS_MAX];
	size_t nheaders;
	struct str body;
};

/* Anything but RC_OK ends the reading. */
typedef enum rc multipart_part_fn(void *user, const struct multipart_part *part);

/*
 * Hands over part after part, as they are met: whatever was gathered is to be dropped when this fails.
 * RC_INVALID: `content_type` names no boundary, a part is no HTTP answer, or the body ends before its last
 * boundary. Another code is what `fn` returned, and `err` is left to it.
 */
enum rc multipart_read(
    struct str content_type, struct str body, multipart_part_fn *fn, void *user, struct err *err) MUST_USE;

// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Browsers: which origins' pages may read our answers (CORS, by an allow-list; nothing is said to the
 * others), and whether a request that a cookie speaks for was made by such a page or by one of ours.
 */
#include "base/base.h"
#include "io/httpd.h"
#include "reply.h"

struct cors;

/* Origins with commas between, "https://app.example.com" or "http://localhost:3000"; no wildcard. Empty:
 * none. */
struct cors *cors_new(const char *origins, struct err *err) MUST_USE;
/* Accepts NULL. */
void cors_free(struct cors *c);

/* Whether the request is a preflight of a listed origin, for a path that takes these methods; then its
 * answer. */
bool cors_preflight(
    const struct cors *c, const struct httpd_request *rq, const char *methods, struct reply *ret) MUST_USE;
/* What every answer to the request says. */
void cors_add_headers(const struct cors *c, const struct httpd_request *rq, struct reply *reply);
/* Whether a page of ours or of a listed origin made the request, by Origin, or by Referer where there is
 * none. */
bool cors_trusts(const struct cors *c, const struct httpd_request *rq) MUST_USE;

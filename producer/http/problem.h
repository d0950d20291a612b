// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Problem documents (RFC 9457) for faults that are found outside of the database; SQL's problem() makes the
 * same. */
#include "base/base.h"
#include "base/buf.h"
#include "reply.h"

#define PROBLEM_FAULTS_MAX 16 /* of one request that are told; a person mends the first ones first */

/* What is wrong with a request: the first fault's code and detail become the document's. */
struct problem_faults {
	const char *code; /* NULL: nothing is wrong */
	struct buf detail;
	struct buf json; /* the members of `errors` */
	size_t n;
};

void problem_faults_init(struct problem_faults *f);
void problem_faults_done(struct problem_faults *f);
/*
 * Adds a fault. `pointer` is "#/name" for a member of the body, "?name" for a query parameter, "{name}" for
 * one of the path, the name of a header; the text says what is allowed. `code` is static.
 */
void problem_fault(struct problem_faults *f, const char *code, const char *pointer, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* A reply with a problem document; `detail` may hold anything. */
struct reply problem_reply(int status, const char *code, const char *detail);
/* The same from the faults. */
struct reply problem_reply_faults(int status, const struct problem_faults *f);
/* The database cannot be asked. */
struct reply problem_reply_away(void);
/* A statement failed: the SQLSTATE's class decides. RC_LOST means that it was sent and the outcome is
 * unknown. */
struct reply problem_reply_sql(const struct err *err);

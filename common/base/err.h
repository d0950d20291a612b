// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * How functions fail: they return an enum rc, and fill the struct err that the caller passed last.
 * Outputs (ret_*) are untouched on failure. Library code never logs; the program logs an err once.
 */
#define ERR_TEXT_MAX 512 /* longer texts are cut: an error is read by a person */

enum rc {
	RC_OK = 0,
	RC_INVALID,   /* the input is wrong; trying again cannot help */
	RC_LIMIT,     /* a ceiling was reached (bytes, depth, count) */
	RC_NOT_FOUND, /* what was named does not exist */
	RC_DENIED,    /* not allowed: key, token, address */
	RC_TIMEOUT,   /* a deadline passed */
	RC_LOST,      /* a connection was lost; what was asked may or may not have happened */
	RC_IO,        /* the other side or the system failed; trying again may help */
	RC_BUSY,      /* what we have of something was not free in time: nobody else's fault */
};

struct err {
	enum rc rc;
	char sqlstate[6]; /* of a failed statement, else empty */
	char text[ERR_TEXT_MAX];
};

/* Sets code and text ("what we were doing: what went wrong") and returns the code; `err` may be NULL. */
enum rc err_set(struct err *err, enum rc rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "<context>: " before the text that is there; returns err->rc. */
enum rc err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

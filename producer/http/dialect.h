// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * How a route's errors look to callers who know them in another shape than RFC 9457's. Whoever finds a fault
 * makes a problem document; a route's dialect says it in the system's own words, unless the request's Accept
 * asks for application/problem+json.
 */
#include "base/base.h"
#include "reply.h"

enum dialect_shape {
	DIALECT_PLAIN,   /* {error, message} */
	DIALECT_FLAGGED, /* {success: false, message, error} */
	DIALECT_FIELDS,  /* {success: false, message, errors: [{field, message}], timestamp} */
};

/* The first whose code and status fit. */
struct dialect_word {
	const char *code;    /* of the problem; NULL: any */
	int status;          /* 0: any */
	int says_status;     /* 0: the same */
	const char *error;   /* NULL: the problem's code */
	const char *message; /* NULL: the problem's detail */
};

struct dialect {
	enum dialect_shape shape;
	const struct dialect_word *words;
	size_t nwords;
};

/*
 * Rewrites a reply that holds a problem document; others stay as they are. Members of the document beyond
 * RFC 9457's and ours (type, title, status, detail, code, errors) are kept. `accept` is the header, or p
 * NULL.
 */
void dialect_apply(const struct dialect *d, struct str accept, int64_t now_us, struct reply *reply);

// SPDX-License-Identifier: Apache-2.0
#pragma once
/* One HTTP/1.1 request, read in place, and parameters in application/x-www-form-urlencoded. */
#include "base/base.h"

#define PARAM_MAX 4096 /* bytes of one decoded parameter, with its NUL */

struct request {
	struct str method;
	struct str path;
	struct str query; /* without the question mark; empty when there is none */
	struct str head;  /* all headers, as they came */
	struct str body;
	struct str authorization;
	struct str api_key; /* X-Api-Key */
	struct str if_modified_since;
	bool close; /* the client wants the connection closed afterwards */
};

enum request_state {
	REQUEST_PARTIAL,
	REQUEST_WHOLE,
	REQUEST_BAD, /* not HTTP as we speak it (a chunked body, for one); the connection has to be closed */
};

/* Reads the request at the start of `in`. The slices point into `in`; *ret_used is how many bytes it takes.
 */
enum request_state request_parse(struct str in, struct request *ret, size_t *ret_used);

/* The first header of that name, trimmed; p NULL: there is none. */
struct str request_header(const struct request *req, struct str name);

/* The first parameter of that name, decoded into `ret`; false when it is absent or longer than PARAM_MAX. */
bool request_param(struct str form, const char *name, char ret[PARAM_MAX]);
/* Whether it is there and not empty. */
bool request_has(struct str form, const char *name);

/* Leaves *ret alone when the parameter is absent; false when it is no whole number from min to max. */
bool request_number(struct str form, const char *name, int64_t min, int64_t max, int64_t *ret);

// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The grammar of RFC 8259 without building anything; json.c asks it before json-c sees the text. */
#include "base/base.h"

struct json_check {
	size_t at;           /* the byte of the problem */
	size_t members;      /* of all objects */
	const char *problem; /* NULL: the text is one JSON document */
	bool too_deep;
};

struct json_check json_check(struct str text, unsigned max_depth);

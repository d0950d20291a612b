// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What stdout can show. */
#include "base/base.h"

struct terminal {
	bool redraws; /* lines can be written over: a terminal that is not dumb */
	bool colours; /* NO_COLOR and CLICOLOR_FORCE have the say: https://bixense.com/clicolors/ */
	int width;
	int height;
};

struct terminal terminal_look(void);
/* Until the next look at what is watched. */
void terminal_rest(int64_t ms);

// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A sync's progress for people: on a terminal a bar for each task, drawn over the last ones; elsewhere a
 * line for each task whose state, wait or tenth of progress has changed.
 */
#include "ctl.h"
#include "terminal.h"

struct bars {
	const struct ctl *ctl;
	struct terminal terminal;
	int drawn;       /* lines on the screen that the next drawing replaces */
	struct buf said; /* without a terminal: the last line of each task, NUL behind each */
};

struct bars bars_new(const struct ctl *ctl);
void bars_show(struct bars *b, json_object *sync);
void bars_done(struct bars *b);

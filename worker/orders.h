// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What operators ask of a worker, which hears it with its heartbeat: tasks of a paused provider or connection
 * are given back at their next page boundary, and a drained worker takes no more messages and gives back all.
 */
#include "base/base.h"
#include "base/str.h"

struct worker;

/* `paused` is an array's text: names of providers, ids of connections. */
void orders_obey(struct worker *w, struct str paused, bool draining);

// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Reads the results topic from its present end on, without a group. */
#include "base/base.h"
#include "base/uuid.h"

struct results;

/* The end of a sync. */
struct ending {
	struct uuid connection_id;
	struct uuid sync_id;
	bool completed; /* else it failed or was cancelled */
};

typedef void ending_fn(void *user, const struct ending *ending);

/* Returns when every partition's end is known, so that nothing sent later is missed. */
enum rc results_open(
    const char *bootstrap, const char *topic, struct results **ret, struct err *err) MUST_USE;
void results_close(struct results *results);

/* Readable when there is something to read. */
int results_fd(const struct results *results);
/* Hands over every ending that has arrived. */
enum rc results_read(struct results *results, ending_fn *fn, void *user, struct err *err) MUST_USE;

// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * An API made from any declaration (--declaration FILE): every request that the declaration can make is
 * answered as the declaration says. It is asked before the other providers.
 */
#include "simulator.h"

enum rc declared_init(const char *file, struct err *err) MUST_USE;
void declared_done(void);

/* False, with nothing done, when no declaration was given or the request is none of its. */
bool declared_begin(struct simulator *sim, struct exchange *ex);
/* The API of a declared resource, or NULL. */
const struct api *declared_api(struct str resource);

/*
 * What an account's provider does otherwise than usual. POST /control/accounts/{account}/script takes
 *   {"parents": 2,              elements of a connection's setting that are parents
 *    "page_max": 40,            no page has more records, whatever is asked for
 *    "answers": [{"resource": "contacts", "after": 1, "times": 1, "status": 403, "headers": {...},
 *                 "body": "...", "cursor_sent": true}]}
 * as dials count: `after` requests pass, then `times` (below 0: all) are answered like that.
 */
void control_script(struct simulator *sim, struct exchange *ex);

struct script_answer {
	int64_t status;
	const char *headers; /* lines */
	const char *body;
};

/* The answer that is scripted for this request, which it counts, or NULL. */
const struct script_answer *script_next(const struct exchange *ex);
/* How many elements a setting has whose elements are parents; 1 unless the script says otherwise. */
uint64_t script_parents(const struct account *account);
/* 0: no limit. */
uint64_t script_page_max(const struct account *account);
void script_clear(void);

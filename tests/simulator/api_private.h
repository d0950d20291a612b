// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What api.c and the providers' files share. */
#include "simulator.h"

/* The records at positions `from` to before `to`, comma-separated, into the body, as the dials have them;
 * counts them. */
void page_records(struct simulator *sim, struct exchange *ex, uint64_t from, uint64_t to);

/* Where the page begins, for those that are asked by position: with a loop, round and round before
 * `loop_from`. */
uint64_t page_loop_start(const struct window *w);

void practicepanther_init(uint64_t seed);
void practicepanther_done(void);
bool practicepanther_serves(struct str resource);
void zoho_init(uint64_t seed);
void zoho_done(void);
bool zoho_serves(struct str resource);
/* NULL: the resource is not Google's. */
const struct api *google_api(struct str resource);
void bench_init(uint64_t seed);
void bench_done(void);
void acme_init(uint64_t seed);
void acme_done(void);
void highlevel_init(uint64_t seed);
void highlevel_done(void);
bool highlevel_serves(struct str resource);

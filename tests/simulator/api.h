// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The providers that are simulated. Each begin authenticates, and reads which page is wanted into the
 * exchange. */
#include "simulator.h"

extern const struct api PRACTICEPANTHER;
extern const struct api BENCH;
extern const struct api ACME;
extern const struct api ZOHO;

/* GET /api/v2/{contacts,matters,tasks}: a bare array, $top and $skip. */
void practicepanther_begin(struct simulator *sim, struct exchange *ex);
/* GET /v1/accounts/{account}/{resource}: an opaque cursor in the body. */
void bench_begin(struct simulator *sim, struct exchange *ex);
/* GET /acme/v3/widgets: numbered pages, a key in X-Api-Key. */
void acme_begin(struct simulator *sim, struct exchange *ex);

/* GET /crm/v8/{module}: page or page_token, If-Modified-Since; and one record, those deleted, COQL. */
void zoho_list_begin(struct simulator *sim, struct exchange *ex);
void zoho_record_begin(struct simulator *sim, struct exchange *ex);
void zoho_deleted_begin(struct simulator *sim, struct exchange *ex);
void zoho_query_begin(struct simulator *sim, struct exchange *ex);

/* Makes the texts that records are cut from. Once, at start. */
void apis_init(uint64_t seed);
void apis_done(void);

/* The API that serves a resource of that name. */
const struct api *api_of(struct str resource);

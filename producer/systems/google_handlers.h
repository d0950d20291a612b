// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Google's routes that SQL cannot answer; routes_google.c names them. */

struct call;

/* GET /api/sync/google/oauth-url */
void google_oauth_url(struct call *c);
/* GET /api/sync/google/callback */
void google_oauth_callback(struct call *c);
/* POST /api/internal/sync/run-once */
void google_run_once(struct call *c);

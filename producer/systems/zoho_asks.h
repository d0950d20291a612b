// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What Zoho's users ask that only Zoho knows. One statement says what to ask a worker, another makes the
 * answer of what he found out; both are rows of status, location, body and dispatch, and a row of status 102
 * holds the next question: {connection_id, ask, arguments, context}.
 */
struct call;

/* GET /api/auth/validate */
void zoho_auth_validate(struct call *c);
/* POST /api/auth/refresh */
void zoho_auth_refresh(struct call *c);
/* GET /api/auth/permissions */
void zoho_auth_permissions(struct call *c);
/* GET /api/auth/organization */
void zoho_auth_organization(struct call *c);
/* GET /api/auth/modules */
void zoho_auth_modules(struct call *c);
/* GET /api/auth/fields/metadata */
void zoho_fields_metadata(struct call *c);
/* GET /api/auth/fields/validate */
void zoho_fields_validate(struct call *c);
/* POST /api/auth/fields/create */
void zoho_fields_create(struct call *c);
/* POST /api/sync/validate */
void zoho_sync_validate(struct call *c);

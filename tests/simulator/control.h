// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What tests use to set up accounts and to look at what happened; README.md has examples. */
#include "simulator.h"

void control_accounts_set(struct simulator *sim, struct exchange *ex);
void control_account_set(struct simulator *sim, struct exchange *ex);
void control_account_get(struct simulator *sim, struct exchange *ex);
void control_dials_add(struct simulator *sim, struct exchange *ex);
void control_dials_clear(struct simulator *sim, struct exchange *ex);
void control_limits_set(struct simulator *sim, struct exchange *ex);
void control_limits_get(struct simulator *sim, struct exchange *ex);
void control_dial_kinds(struct simulator *sim, struct exchange *ex);
void control_rows(struct simulator *sim, struct exchange *ex);
void control_digest(struct simulator *sim, struct exchange *ex);
void control_log(struct simulator *sim, struct exchange *ex);
void control_reset(struct simulator *sim, struct exchange *ex);
void control_stats(struct simulator *sim, struct exchange *ex);

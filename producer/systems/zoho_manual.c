// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "zoho_manual.h"

#include "statements.h"
#include "syncs.h"

void zoho_manual_started(struct call *c, struct reply row)
{
	syncs_answer_ended(c, row, &sql_zoho_manual_ended);
}

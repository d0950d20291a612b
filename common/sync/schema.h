// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Whether a database's schema is one that this binary works with. Blocking: for the start of a program. */
#include "base/base.h"

/* The newest migration of the core that the binaries need (schemas/migrations/). */
#define SCHEMA_VERSION 19

/*
 * RC_OK: every needed migration is applied and none says that it wants a newer binary. RC_INVALID: it is
 * another schema version; the text names the command to run. Else why the database could not be asked.
 */
enum rc schema_check(const char *conninfo, struct err *err) MUST_USE;

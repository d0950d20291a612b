// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What this build is, as --version, /version and syncfleet_build_info report it. */

/* MAJOR.MINOR.PATCH */
const char *version_text(void);
/* The commit it was built from, or "unknown". */
const char *version_commit(void);

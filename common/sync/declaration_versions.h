// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Versions of an API: several resources of one name that say `version`, of which one is used, the first
 * unless "provider.resource=version[,...]" says another. A resource may go with another's version:
 * `version_of`.
 */
#include "sync/declaration_read.h"

/* Whether the text can be read. RC_INVALID says what is wrong with it. */
enum rc versions_check(struct str wanted, struct err *err) MUST_USE;

/* Takes the resources and limits that are not wanted out of a declaration, before it is read. RC_INVALID:
 * there is no such version. */
enum rc versions_choose(const struct reader *r, const config_setting_t *root, struct str wanted) MUST_USE;

/* The first provider that `wanted` names and that is not `known`; n 0: there is none. */
struct str versions_stranger(struct str wanted, bool (*known)(void *user, struct str provider), void *user);

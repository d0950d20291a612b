// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Blanks what a declaration keeps back (`redact`) wherever a record's text is stored: as null. `*` in a path
 * stands for every element of a list. Private to row*.c. */
#include "base/base.h"
#include "base/buf.h"

/* The paths of one resource, and the places of the record that was looked at last. */
struct row_redaction;

#define REDACTED "null"

struct row_redaction *row_redaction_new(const char *const *paths, size_t n);
void row_redaction_free(struct row_redaction *r);
/* Finds the paths in a record. RC_INVALID when it is not JSON. */
enum rc row_redaction_find(struct row_redaction *r, struct str record) MUST_USE;
/* Bytes by which redacting may lengthen a text. */
size_t row_redaction_growth(const struct row_redaction *r);
/* Whether a text of the record is to be blanked as a whole. */
bool row_redaction_covers(const struct row_redaction *r, struct str part);
/* Copies a part of the record without what is to be blanked; returns what follows the copy. */
char *row_redaction_copy(const struct row_redaction *r, struct str part, char *to);

// SPDX-License-Identifier: Apache-2.0
#pragma once
/* The migrations of a folder: NNNN_name.sql, numbered from 1 without gaps, each beginning "-- oldest binary:
 * X.Y.Z". */
#include "base/base.h"
#include "base/buf.h"
#include "io/crypto.h"

struct migration {
	int64_t version;
	char number[5]; /* the version as it is written, 0007 */
	char *name;     /* without number and .sql */
	char *oldest;   /* the oldest binary that works with it */
	struct buf sql;
	char sha256[2 * CRYPTO_SHA256_LEN + 1];
};

struct migrations {
	struct migration *at; /* at[i].version == i + 1 */
	size_t n;
};

/* Reads and checks the folder. */
enum rc migrations_read(const char *folder, struct migrations *ret, struct err *err) MUST_USE;
/* Accepts a zeroed struct. */
void migrations_done(struct migrations *m);

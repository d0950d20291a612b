// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Which field of a provider's record goes into which column of a resource's table. */
#include "base/base.h"

enum column_type {
	COLUMN_TEXT,
	COLUMN_INTEGER, /* bigint */
	COLUMN_NUMERIC, /* decimal text in, decimal out: money never passes a double */
	COLUMN_DOUBLE,  /* double precision */
	COLUMN_BOOLEAN,
	COLUMN_TIMESTAMP, /* timestamptz */
	COLUMN_DATE,
	COLUMN_UUID,
	COLUMN_JSON, /* jsonb: any value, as the provider wrote it */
};

/* How the provider writes the instants of a timestamp column. */
enum time_format {
	TIME_RFC3339,   /* with Z or an offset */
	TIME_NAIVE_UTC, /* as above, and a text without a zone is UTC */
	TIME_EPOCH_S,   /* a number, or text that holds one (Gmail's internalDate) */
	TIME_EPOCH_MS,
};

/*
 * Providers write numbers and booleans as strings at times ("11.01", "false"): a string that holds a value of
 * the column's type is taken as that value; an empty string is NULL unless the column is text. JSON null and
 * an absent field are both SQL NULL, which a required column refuses.
 */
struct column {
	const char *name; /* SQL identifier, [a-z_][a-z0-9_]* */
	const char *path; /* dotted path inside the record, "account_ref.id" */
	enum column_type type;
	enum time_format time;
	bool required;
	int max_length; /* characters of a text; 0: any. A longer value is quarantined, never cut */
};

/*
 * A record's fields, as the slicer hands them over, are the parts of its identity first and then these
 * columns in order. The identity becomes the column `id`, a text: its parts joined with '/'.
 */

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "judge.h"

#include "rows.h"

bool judge_page(struct judge *j, const struct rows *page, int64_t max_percent, char *ret_reason, size_t size)
{
	j->records += page->n + page->nbad;
	j->bad += page->nbad;
	if (j->records < JUDGE_RECORDS_MIN)
		return false;
	struct judge now = *j;
	*j = (struct judge){0};
	if ((int64_t)now.bad * 100 <= max_percent * (int64_t)now.records || !page->nbad)
		return false;
	const struct bad_record *bad = &page->bad[0];
	snprintf(ret_reason, size,
	    "%zu of %zu records cannot be stored, more than quarantine.max_percent (%" PRId64
	    "): %s%s%s, record %s",
	    now.bad, now.records, max_percent, bad->column ? bad->column : "", bad->column ? ": " : "",
	    bad->reason, bad->id.n ? buf_text(&bad->id) : "without id");
	return true;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include <unistd.h>

#include "ctl_sql.h"
#include "output.h"

#define BATCH 200   /* letters in one transaction, as the routes do */
#define ASK_FROM 10 /* on a terminal, so many are not settled without a yes */

/* What settles letters, and how it is called. */
struct settling {
	const struct pg_statement *statement;
	const char *verb;
	const char *column; /* of the result: how many are settled */
};

static enum rc bind_filter(const struct ctl *ctl, struct pg_args *args, struct err *err)
{
	const struct ctl_options *o = &ctl->o;

	if (!*o->ids && !*o->connection && !*o->provider && !*o->resource && !*o->error_class &&
	    !*o->fingerprint && !o->all)
		return err_set(
		    err, RC_INVALID, "say which: --ids, a filter, or --all; syncctl get dlq lists them");
	if (ctl_arg_ids(args, o->ids, err) != RC_OK)
		return err->rc;
	ctl_arg_given(args, o->connection);
	ctl_arg_given(args, o->provider);
	ctl_arg_given(args, o->resource);
	ctl_arg_given(args, o->error_class);
	ctl_arg_given(args, o->fingerprint);
	return RC_OK;
}

static enum rc count(struct ctl *ctl, const struct pg_args *filter, int64_t *ret, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (pg_blocking_query(ctl->db, &sql_ctl_dlq_count, filter, &r, err) != RC_OK)
		return err->rc;
	*ret = pg_i64(r, 0, 0);
	return RC_OK;
}

/* A script has decided before; a person may have mistyped a filter. */
static enum rc confirm(const struct ctl *ctl, const char *verb, int64_t n, struct err *err)
{
	char answer[16] = "";

	if (ctl->o.yes || n <= ASK_FROM || !isatty(STDOUT_FILENO))
		return RC_OK;
	fprintf(stderr, "syncctl: %s %" PRId64 " dead letters? [y/N] ", verb, n);
	if (isatty(STDIN_FILENO) && fgets(answer, sizeof answer, stdin) && (answer[0] | 0x20) == 'y')
		return RC_OK;
	return err_set(err, RC_INVALID, "nothing was done: %" PRId64 " dead letters need a y, or --yes", n);
}

static void print_settled(const struct ctl *ctl, const struct settling *s, int64_t settled, int64_t waiting)
{
	const char *columns[] = {s->column, "waiting"};
	char texts[2][24];

	snprintf(texts[0], sizeof texts[0], "%" PRId64, settled);
	snprintf(texts[1], sizeof texts[1], "%" PRId64, waiting);
	ctl_print_numbers(
	    ctl, columns, ARRAY_SIZE(columns), (struct str[]){str_of(texts[0]), str_of(texts[1])});
	if (waiting)
		fprintf(stderr,
		    "syncctl: %" PRId64 " wait for their account's user, who has to connect it again\n",
		    waiting);
}

/* One transaction each: what was settled stays so when a later one fails. */
static enum rc settle_all(
    struct ctl *ctl, const struct settling *s, const struct pg_args *args, struct err *err)
{
	int64_t settled = 0;
	int64_t waiting = 0;
	bool more = true;

	while (more) {
		AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

		if (pg_blocking_query(ctl->db, s->statement, args, &r, err) != RC_OK)
			return err_prefix(err, "%" PRId64 " are %s", settled, s->column);
		settled += pg_i64(r, 0, 0);
		waiting = pg_i64(r, 0, 2);
		more = pg_bool(r, 0, 1) && pg_i64(r, 0, 0) > 0;
	}
	print_settled(ctl, s, settled, waiting);
	return RC_OK;
}

static enum rc settle(struct ctl *ctl, const struct settling *s, struct err *err)
{
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;
	int64_t n = 0;

	if (bind_filter(ctl, &args, err) != RC_OK || count(ctl, &args, &n, err) != RC_OK)
		return err->rc;
	if (ctl->o.dry_run) {
		char text[24];

		snprintf(text, sizeof text, "%" PRId64, n);
		ctl_print_numbers(ctl, (const char *[]){"dead_letters"}, 1, (struct str[]){str_of(text)});
		return RC_OK;
	}
	if (confirm(ctl, s->verb, n, err) != RC_OK)
		return err->rc;
	pg_arg_i64(&args, BATCH);
	ctl_arg_given(&args, ctl->o.reason);
	return settle_all(ctl, s, &args, err);
}

enum rc ctl_dlq_replay(struct ctl *ctl, struct err *err)
{
	static const struct settling replay = {&sql_ctl_dlq_replay, "replay", "replayed"};

	return settle(ctl, &replay, err);
}

enum rc ctl_dlq_discard(struct ctl *ctl, struct err *err)
{
	static const struct settling discard = {&sql_ctl_dlq_discard, "discard", "discarded"};

	return settle(ctl, &discard, err);
}

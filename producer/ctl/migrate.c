// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"
#include "ctl_sql.h"
#include "output.h"

#include "base/process.h"
#include "migrations.h"

#define PATH_BYTES 1024

/* Waits for another migrate; the lock ends with the session. The number is only ours. */
#define LOCK "select pg_advisory_lock(7310593871213)"
/* A migration that waits long for a table would make everybody behind it wait, too. */
#define PREPARE                                                                                              \
	"set lock_timeout = '5s';"                                                                           \
	"create table if not exists schema_migrations (version int primary key, name text not null,"         \
	" sha256 text not null, min_binary text not null, applied_at timestamptz not null default now())"

/* The rows of schema_migrations, read after checking them against the files. */
struct applied {
	struct pg_result *rows; /* version, sha256, applied_at */
	size_t n;
};

static enum rc read_files(const struct ctl *ctl, struct migrations *ret, struct err *err)
{
	struct buf folder = BUF(PATH_BYTES);

	ctl_find_folder(ctl->o.migrations, "schemas/migrations", "schemas/migrations", &folder);
	enum rc rc = migrations_read(buf_text(&folder), ret, err);
	buf_done(&folder);
	return rc;
}

/* Holds one applied row against the file of its number. */
static enum rc check_row(
    const struct migrations *files, const struct applied *applied, size_t i, struct err *err)
{
	int64_t version = pg_i64(applied->rows, (int)i, 0);

	if (version != (int64_t)i + 1)
		return err_set(err, RC_INVALID,
		    "the database has migration %04" PRId64
		    " but not %04zu: somebody edited schema_migrations; put its "
		    "row back or restore the database",
		    version, i + 1);
	if (i >= files->n)
		return err_set(err, RC_INVALID,
		    "the database is at version %04zu, these files end at %04zu: use the syncctl and the "
		    "files of the "
		    "newer release",
		    applied->n, files->n);
	if (!str_is(pg_str(applied->rows, (int)i, 1), files->at[i].sha256))
		return err_set(err, RC_INVALID,
		    "%04zu_%s.sql was changed after it was applied: bring the old text back and put the "
		    "change into a "
		    "new file, %04zu_....sql",
		    i + 1, files->at[i].name, files->n + 1);
	return RC_OK;
}

static enum rc read_applied(
    struct ctl *ctl, const struct migrations *files, struct applied *ret, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *exists = NULL;

	if (pg_blocking_query(ctl->db, &sql_ctl_migrations_table, NULL, &exists, err) != RC_OK)
		return err->rc;
	if (!pg_bool(exists, 0, 0))
		return RC_OK;
	if (pg_blocking_query(ctl->db, &sql_ctl_migrations_applied, NULL, &ret->rows, err) != RC_OK)
		return err->rc;
	ret->n = (size_t)pg_rows(ret->rows);
	for (size_t i = 0; i < ret->n; i++) {
		if (check_row(files, ret, i, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

static enum rc record(struct ctl *ctl, const struct migration *m, struct err *err)
{
	struct pg_args args = PG_ARGS;

	pg_arg_i64(&args, m->version);
	pg_arg_text(&args, str_of(m->name));
	pg_arg_text(&args, str_of(m->sha256));
	pg_arg_text(&args, str_of(m->oldest));
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_migration_record, &args, NULL, err);
	pg_args_done(&args);
	return rc;
}

/* One transaction for the file and its row; what fails leaves nothing behind. */
static enum rc apply(struct ctl *ctl, const struct migration *m, struct err *err)
{
	if (pg_blocking_run(ctl->db, "begin", err) == RC_OK &&
	    pg_blocking_run(ctl->db, buf_text(&m->sql), err) == RC_OK && record(ctl, m, err) == RC_OK &&
	    pg_blocking_run(ctl->db, "commit", err) == RC_OK)
		return RC_OK;
	return err_prefix(err, "%s_%s.sql", m->number, m->name);
}

static enum rc apply_pending(struct ctl *ctl, const struct migrations *files, size_t applied, struct err *err)
{
	static const char *const columns[] = {"version", "name", "state"};
	enum rc rc = RC_OK;
	struct str *cells = mem_array(files->n * ARRAY_SIZE(columns), sizeof *cells);
	size_t done = 0;

	for (size_t i = applied; i < files->n && rc == RC_OK; i++) {
		struct str *row = cells + done * ARRAY_SIZE(columns);

		rc = apply(ctl, &files->at[i], err);
		if (rc != RC_OK)
			break;
		row[0] = str_of(files->at[i].number);
		row[1] = str_of(files->at[i].name);
		row[2] = STR("applied");
		done++;
	}
	ctl_print(ctl, columns, ARRAY_SIZE(columns), cells, done);
	if (rc == RC_OK && done == 0)
		fputs("nothing to apply: the database is up to date\n", stderr);
	free(cells);
	return rc;
}

enum rc ctl_migrate_up(struct ctl *ctl, struct err *err)
{
	AUTO(migrations_done) struct migrations files = {0};
	struct applied applied = {0};

	if (read_files(ctl, &files, err) != RC_OK || pg_blocking_run(ctl->db, LOCK, err) != RC_OK ||
	    pg_blocking_run(ctl->db, PREPARE, err) != RC_OK)
		return err->rc;
	enum rc rc = read_applied(ctl, &files, &applied, err);
	if (rc == RC_OK)
		rc = apply_pending(ctl, &files, applied.n, err);
	pg_blocking_free(applied.rows);
	return rc;
}

static void print_status(struct ctl *ctl, const struct migrations *files, const struct applied *applied)
{
	static const char *const columns[] = {"version", "name", "state", "applied_at"};
	struct str *cells = mem_array(files->n * ARRAY_SIZE(columns), sizeof *cells);

	for (size_t i = 0; i < files->n; i++) {
		struct str *row = cells + i * ARRAY_SIZE(columns);
		bool is_applied = i < applied->n;

		row[0] = str_of(files->at[i].number);
		row[1] = str_of(files->at[i].name);
		row[2] = is_applied ? STR("applied") : STR("pending");
		if (is_applied)
			row[3] = pg_str(applied->rows, (int)i, 2);
		if (!is_applied)
			ctl->code = PROCESS_FAILED;
	}
	ctl_print(ctl, columns, ARRAY_SIZE(columns), cells, files->n);
	free(cells);
}

enum rc ctl_migrate_status(struct ctl *ctl, struct err *err)
{
	AUTO(migrations_done) struct migrations files = {0};
	struct applied applied = {0};

	if (read_files(ctl, &files, err) != RC_OK)
		return err->rc;
	enum rc rc = read_applied(ctl, &files, &applied, err);
	if (rc == RC_OK)
		print_status(ctl, &files, &applied);
	pg_blocking_free(applied.rows);
	return rc;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "migrations.h"

#include <dirent.h>
#include <errno.h>

#include "ctl.h"

#define SQL_MAX (4 << 20) /* bytes of one file */
#define PATH_BYTES 1024
#define DIGITS 4
#define SUFFIX STR(".sql")
#define FIRST_LINE STR("-- oldest binary: ")

static bool ends_in(struct str s, struct str suffix)
{
	return s.n >= suffix.n && str_eq((struct str){s.p + s.n - suffix.n, suffix.n}, suffix);
}

static int is_sql(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && ends_in(str_of(entry->d_name), SUFFIX);
}

/* "0007_quotas.sql" to 7 and "quotas". */
static enum rc read_name(struct migration *m, const char *file, struct err *err)
{
	struct str rest = str_of(file);
	struct str number = str_cut(&rest, '_');

	if (number.n != DIGITS || !str_to_i64(number, &m->version) || m->version < 1 || rest.n <= SUFFIX.n)
		return err_set(err, RC_INVALID, "%s: a migration is called NNNN_name.sql", file);
	memcpy(m->number, number.p, number.n);
	m->name = mem_strndup(rest.p, rest.n - SUFFIX.n);
	return RC_OK;
}

/* Three numbers with dots between them. */
static bool is_version(struct str text)
{
	int parts = 0;
	int64_t number;

	while (text.n) {
		struct str part = str_cut(&text, '.');

		if (!str_to_i64(part, &number) || number < 0)
			return false;
		parts++;
	}
	return parts == 3;
}

static enum rc read_first_line(struct migration *m, const char *file, struct err *err)
{
	struct str rest = buf_str(&m->sql);
	struct str line = str_cut(&rest, '\n');

	if (memchr(m->sql.p, '\0', m->sql.n))
		return err_set(err, RC_INVALID, "%s: holds a NUL byte", file);
	if (str_starts(line, FIRST_LINE)) {
		struct str version = {line.p + FIRST_LINE.n, line.n - FIRST_LINE.n};

		if (is_version(version)) {
			m->oldest = mem_strndup(version.p, version.n);
			return RC_OK;
		}
	}
	return err_set(err, RC_INVALID, "%s: the first line must be \"-- oldest binary: X.Y.Z\"", file);
}

static void hash_sql(struct migration *m)
{
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct buf hex = BUF(sizeof m->sha256);

	crypto_sha256(buf_str(&m->sql), hash);
	buf_add_hex(&hex, hash, sizeof hash);
	memcpy(m->sha256, buf_text(&hex), sizeof m->sha256);
	buf_done(&hex);
}

static enum rc read_migration(struct migration *m, const char *folder, const char *file, struct err *err)
{
	char path[PATH_BYTES];

	buf_init(&m->sql, SQL_MAX);
	snprintf(path, sizeof path, "%s/%s", folder, file);
	if (read_name(m, file, err) != RC_OK || ctl_read_file(path, &m->sql, err) != RC_OK ||
	    read_first_line(m, file, err) != RC_OK)
		return err->rc;
	hash_sql(m);
	return RC_OK;
}

/* Files come sorted by name, so the numbers must be 1, 2, 3... */
static enum rc read_all(
    struct migrations *m, const char *folder, struct dirent **files, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		m->n = i + 1;
		if (read_migration(&m->at[i], folder, files[i]->d_name, err) != RC_OK)
			return err->rc;
		if (m->at[i].version > (int64_t)i + 1)
			return err_set(err, RC_INVALID,
			    "%s: there is no %04zu before it: number the files from 0001 on",
			    files[i]->d_name, i + 1);
		if (m->at[i].version <= (int64_t)i)
			return err_set(err, RC_INVALID, "%s: another file has the number %s",
			    files[i]->d_name, m->at[i].number);
	}
	return RC_OK;
}

enum rc migrations_read(const char *folder, struct migrations *ret, struct err *err)
{
	struct dirent **files = NULL;
	int n = scandir(folder, &files, is_sql, alphasort);
	struct migrations m = {0};

	if (n < 0)
		return err_set(
		    err, RC_NOT_FOUND, "%s: %s: name the folder with --migrations", folder, strerror(errno));
	m.at = mem_array((size_t)n, sizeof *m.at);
	enum rc rc = n ? read_all(&m, folder, files, (size_t)n, err)
	               : err_set(err, RC_NOT_FOUND, "%s: no migrations there", folder);
	for (int i = 0; i < n; i++)
		free(files[i]);
	free(files);
	if (rc == RC_OK)
		*ret = m;
	else
		migrations_done(&m);
	return rc;
}

void migrations_done(struct migrations *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->at[i].name);
		free(m->at[i].oldest);
		buf_done(&m->at[i].sql);
	}
	free(m->at);
	*m = (struct migrations){0};
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP 65536

static enum rc read_stream(FILE *file, const char *path, struct buf *out, struct err *err)
{
	for (;;) {
		size_t step = MIN((size_t)READ_STEP, out->max - out->n);
		char *at = buf_reserve(out, step);
		size_t n = step ? fread(at, 1, step, file) : 0;

		out->n += n;
		if (ferror(file))
			return err_set(err, RC_IO, "%s: %s", path, strerror(errno));
		if (n < step || !step)
			break;
	}
	if (out->n == out->max && fgetc(file) != EOF)
		return err_set(err, RC_LIMIT, "%s: longer than %zu bytes", path, out->max);
	buf_add_text(out, ""); /* the NUL behind what was read */
	return RC_OK;
}

enum rc ctl_read_file(const char *path, struct buf *out, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "re");

	if (!file)
		return err_set(err, RC_INVALID, "%s: %s", path, strerror(errno));
	enum rc rc = read_stream(file, path, out, err);
	if (!is_stdin)
		(void)fclose(file);
	return rc;
}

void ctl_find_folder(const char *asked, const char *local, const char *installed, struct buf *ret)
{
	struct stat st;
	char self[512];

	if (*asked || (stat(local, &st) == 0 && S_ISDIR(st.st_mode))) {
		buf_add_text(ret, *asked ? asked : local);
		return;
	}
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[MAX(n, 0)] = '\0';
	char *slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	buf_printf(ret, "%s/../share/sync-fleet/%s", self, installed);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "publish.h"

#include <errno.h>
#include <unistd.h>

enum rc file_publish(const char *path, const char *text, struct err *err)
{
	AUTO(mem_free_ptr) char *draft = mem_printf("%s.%ld", path, (long)getpid());
	FILE *file = fopen(draft, "we");

	if (!file)
		return err_set(err, RC_IO, "writing %s: %s", draft, strerror(errno));
	bool ok = fputs(text, file) >= 0;
	ok = fclose(file) == 0 && ok;
	if (ok && rename(draft, path) == 0)
		return RC_OK;
	err_set(err, RC_IO, "writing %s: %s", path, strerror(errno));
	unlink(draft);
	return RC_IO;
}

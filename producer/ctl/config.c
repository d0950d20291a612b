// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include <errno.h>
#include <unistd.h>

#include "base/version.h"
#include "output.h"
#include "sync/schema.h"

/* The program itself checks: its own settings, its own reading of the declarations. Beside us, else by PATH.
 */
static void become(char *const *argv)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);

	path[MAX(n, 0)] = '\0';
	char *slash = strrchr(path, '/');
	if (slash) {
		snprintf(slash + 1, sizeof path - (size_t)(slash + 1 - path), "%s", argv[0]);
		execv(path, argv);
	}
	execvp(argv[0], argv);
}

enum rc ctl_config_check(struct ctl *ctl, struct err *err)
{
	const char *program = ctl->args[0];
	char check[] = "--check-config";
	char config[] = "--config";
	char *argv[] = {
	    ctl->args[0], check, ctl->nargs > 1 ? config : NULL, ctl->nargs > 1 ? ctl->args[1] : NULL, NULL};

	if (strcmp(program, "sync-producer") != 0 && strcmp(program, "sync-worker") != 0)
		return err_set(
		    err, RC_INVALID, "PROGRAM is sync-producer or sync-worker, which %s is not", program);
	become(argv);
	return err_set(
	    err, RC_NOT_FOUND, "%s is neither beside syncctl nor in PATH: %s", program, strerror(errno));
}

enum rc ctl_version(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"version", "commit", "schema"};
	char schema[8];

	(void)err;
	snprintf(schema, sizeof schema, "%04d", SCHEMA_VERSION);
	ctl_print(ctl, columns, ARRAY_SIZE(columns),
	    (struct str[]){str_of(version_text()), str_of(version_commit()), str_of(schema)}, 1);
	return RC_OK;
}

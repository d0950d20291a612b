// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/process.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void process_protect(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	mallopt(M_ARENA_MAX, 2);
	signal(SIGPIPE, SIG_IGN);
}

enum rc process_open_files(uint64_t want, struct err *err)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return err_set(err, RC_IO, "the limit of open files cannot be read");
	if (files.rlim_cur >= want)
		return RC_OK;
	if (files.rlim_max < want)
		return err_set(err, RC_LIMIT,
		    "%" PRIu64 " open files are needed, but the limit (ulimit -Hn) is %" PRIu64, want,
		    (uint64_t)files.rlim_max);
	files.rlim_cur = want;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		return err_set(err, RC_LIMIT, "the limit of open files cannot be raised to %" PRIu64, want);
	return RC_OK;
}

int process_start_exit(enum rc rc)
{
	return rc == RC_INVALID || rc == RC_LOST ? PROCESS_TEMPFAIL : PROCESS_FAILED;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/process.h"

#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>

void process_protect(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	mallopt(M_ARENA_MAX, 2);
	signal(SIGPIPE, SIG_IGN);
}

int process_start_exit(enum rc rc)
{
	return rc == RC_INVALID || rc == RC_LOST ? PROCESS_TEMPFAIL : PROCESS_FAILED;
}

// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What every program of ours does and says as a process. */
#include "base/base.h"
#include "base/err.h"

enum process_exit {
	PROCESS_OK = 0,
	PROCESS_FAILED = 1, /* a run-time failure */
	PROCESS_USAGE = 2,  /* a wrong flag or argument */
	PROCESS_TEMPFAIL =
	    75, /* the database is away or at another schema version; EX_TEMPFAIL of sysexits.h */
	PROCESS_CONFIG = 78, /* bad configuration or declaration; EX_CONFIG */
};

/* Secrets are in this memory: no core dump, no debugger of the same user. Threads of libraries get no heap of
 * their own. A peer that hangs up is an error of the write, not the end: TLS libraries write without
 * MSG_NOSIGNAL. */
void process_protect(void);

/* Raises this process's limit of open files to `want` if need be. RC_LIMIT: it may not have so many. */
enum rc process_open_files(uint64_t want, struct err *err) MUST_USE;

/* How a program exits that could not start. */
int process_start_exit(enum rc rc);

// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Named failpoints, in test builds only (SYNCFLEET_FAILPOINTS): the environment variable
 * SYNCFLEET_FAILPOINT="name" or "name:nth" makes the process kill itself (SIGKILL) when it passes that point
 * for the nth time. Every name is in FAILPOINTS, so that tests can run them all; `--failpoints` of both
 * programs prints the list.
 */
#define FAILPOINTS(X)                                                                                        \
	X(accept_before_commit)                                                                              \
	X(accept_after_commit)                                                                               \
	X(accept_before_reply)                                                                               \
	X(requests_before_commit)                                                                            \
	X(requests_before_offset)                                                                            \
	X(dispatch_after_commit)                                                                             \
	X(dispatch_after_produce)                                                                            \
	X(clock_publish_before_ack)                                                                          \
	X(schedules_before)                                                                                  \
	X(schedules_after_commit)                                                                            \
	X(claim_before)                                                                                      \
	X(claim_after_commit)                                                                                \
	X(claim_before_offset)                                                                               \
	X(fetch_before)                                                                                      \
	X(fetch_after)                                                                                       \
	X(store_after_fence)                                                                                 \
	X(store_after_rows)                                                                                  \
	X(store_before_commit)                                                                               \
	X(store_after_commit)                                                                                \
	X(end_before_publish)                                                                                \
	X(publish_before_ack)                                                                                \
	X(publish_before_clear)                                                                              \
	X(release_after)                                                                                     \
	X(sweep_before_step)                                                                                 \
	X(sweep_after_step)                                                                                  \
	X(sweep_before_publish)

enum failpoint {
#define X(name) FAILPOINT_##name,
	FAILPOINTS(X)
#undef X
	    FAILPOINT_COUNT
};

#ifdef SYNCFLEET_FAILPOINTS
void failpoint_hit(enum failpoint point);
/* Prints every name, one a line, to stdout. */
void failpoint_list(void);
#define FAILPOINT(name) failpoint_hit(FAILPOINT_##name)
#else
#define FAILPOINT(name) ((void)0)
#endif

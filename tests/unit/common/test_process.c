// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/process.h"

#include <errno.h>
#include <setjmp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static void leaves_no_core_dump(void **state)
{
	(void)state;
	assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
	process_protect();
	assert_int_equal(prctl(PR_GET_DUMPABLE), 0);
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0); /* for the sanitizers' reports */
}

static void outlives_a_peer_that_hangs_up(void **state)
{
	int fds[2];

	(void)state;
	process_protect();
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1), 0);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(write(fds[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fds[1]);
}

static void exits_by_the_reason(void **state)
{
	static const struct {
		enum rc rc;
		int code;
	} cases[] = {
	    {RC_INVALID, 75}, /* another schema version */
	    {RC_LOST, 75},    /* the database is away */
	    {RC_NOT_FOUND, 1},
	    {RC_TIMEOUT, 1},
	    {RC_DENIED, 1},
	    {RC_IO, 1},
	    {RC_LIMIT, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(process_start_exit(cases[i].rc), cases[i].code);
}

static void raises_the_limit_of_open_files(void **state)
{
	struct rlimit files;
	struct err err;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(process_open_files(32, &err), RC_OK);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(files.rlim_cur, 64);
	assert_int_equal(process_open_files(65, &err), RC_OK);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(files.rlim_cur, 65);
	files.rlim_max = 128;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	assert_int_equal(process_open_files(129, &err), RC_LIMIT);
	assert_string_equal(err.text, "129 open files are needed, but the limit (ulimit -Hn) is 128");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leaves_no_core_dump),
	    cmocka_unit_test(outlives_a_peer_that_hangs_up),
	    cmocka_unit_test(exits_by_the_reason),
	    cmocka_unit_test(raises_the_limit_of_open_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

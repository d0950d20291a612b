// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/failpoint.h"

#ifdef SYNCFLEET_FAILPOINTS
#include <signal.h>
#include <unistd.h>

static const char *const names[] = {
#define X(name) #name,
    FAILPOINTS(X)
#undef X
};

struct armed {
	bool read;
	enum failpoint point;
	int64_t hits_left;
};

static void armed_read(struct armed *armed)
{
	struct str nth = str_of(getenv("SYNCFLEET_FAILPOINT"));
	struct str name = str_cut(&nth, ':');

	armed->read = true;
	armed->point = FAILPOINT_COUNT;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_is(name, names[i]))
			armed->point = (enum failpoint)i;
	}
	if (!str_to_i64(nth, &armed->hits_left))
		armed->hits_left = 1;
}

void failpoint_hit(enum failpoint point)
{
	static struct armed armed;

	if (!armed.read)
		armed_read(&armed);
	if (point == armed.point && --armed.hits_left == 0)
		kill(getpid(), SIGKILL);
}

void failpoint_list(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		puts(names[i]);
}
#else
typedef int failpoint_unused;
#endif

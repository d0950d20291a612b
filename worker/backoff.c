// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "backoff.h"

#include <sys/random.h>

#define DOUBLINGS_MAX 20 /* beyond, every ceiling is reached */

int64_t backoff_ms(int64_t base_ms, int64_t max_ms, int64_t attempt)
{
	int64_t ceiling = base_ms << MIN(MAX(attempt, 0), DOUBLINGS_MAX);
	uint64_t random = 0;

	if (getrandom(&random, sizeof random, 0) != sizeof random)
		abort();
	ceiling = MAX(MIN(ceiling, max_ms), 1);
	return (int64_t)(random % (uint64_t)ceiling) + 1;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/uuid.h"

#include <sys/random.h>

#include "base/clock.h"

struct uuid uuid_new(void)
{
	static uint8_t pool[1024]; /* one system call for 64 identifiers */
	static size_t used = sizeof pool;
	struct uuid id;
	int64_t ms = clock_unix_us() / 1000;

	if (used == sizeof pool) {
		if (getrandom(pool, sizeof pool, 0) != (ssize_t)sizeof pool)
			abort();
		used = 0;
	}
	memcpy(id.b, pool + used, sizeof id.b);
	used += sizeof id.b;
	for (int i = 0; i < 6; i++)
		id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
	id.b[6] = (uint8_t)(0x70 | (id.b[6] & 0x0f));
	id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
	return id;
}

static bool is_dash_at(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_format(const struct uuid *id, char ret[UUID_TEXT_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 0;

	for (size_t i = 0; i < sizeof id->b; i++) {
		if (is_dash_at(at))
			ret[at++] = '-';
		ret[at++] = digits[id->b[i] >> 4];
		ret[at++] = digits[id->b[i] & 15];
	}
	ret[at] = '\0';
}

bool uuid_parse(struct str text, struct uuid *ret)
{
	struct uuid id;
	size_t n = 0;

	if (text.n != UUID_TEXT_LEN)
		return false;
	for (size_t i = 0; i < UUID_TEXT_LEN; i++) {
		if (is_dash_at(i)) {
			if (text.p[i] != '-')
				return false;
			continue;
		}
		int digit = hex_digit(text.p[i]);
		if (digit < 0)
			return false;
		id.b[n / 2] = (uint8_t)(n % 2 ? id.b[n / 2] | digit : digit << 4);
		n++;
	}
	*ret = id;
	return true;
}

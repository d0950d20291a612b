// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "caller.h"

static const char *const names[] = {
#define X(id, name) [RIGHT_BIT_##id] = (name),
    RIGHTS(X)
#undef X
};

const char *right_name(enum right right)
{
	return names[__builtin_ctz(right)];
}

unsigned right_parse(struct str name)
{
	for (unsigned i = 0; i < RIGHT_COUNT; i++)
		if (str_is(name, names[i]))
			return 1u << i;
	return 0;
}

unsigned rights_parse(struct str list)
{
	unsigned rights = 0;

	while (list.n) {
		unsigned right = right_parse(str_cut(&list, ','));

		if (!right)
			return 0;
		rights |= right;
	}
	return rights;
}

bool caller_is_confined(const struct caller *caller)
{
	return caller->role == ROLE_USER;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "prefer.h"

static struct str unquoted(struct str s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct str){s.p + 1, s.n - 2};
	return s;
}

int64_t prefer_wait_s(struct str header)
{
	int64_t seconds;

	while (header.n) {
		struct str preference = str_cut(&header, ',');
		struct str value = str_cut(&preference, ';');
		struct str name = str_trim(str_cut(&value, '='));

		if (!str_eq_nocase(name, STR("wait")))
			continue;
		/* a repeated preference counts the first time only: section 2 */
		return str_to_i64(unquoted(str_trim(value)), &seconds) && seconds > 0 ? seconds : 0;
	}
	return 0;
}

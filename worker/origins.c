// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "origins.h"

struct str origin_of(const char *origins, const char *provider)
{
	struct str rest = str_of(origins);

	while (rest.n) {
		struct str origin = str_trim(str_cut(&rest, ','));

		if (str_is(str_cut(&origin, '='), provider))
			return origin;
	}
	return (struct str){NULL, 0};
}

enum rc origins_check(const char *origins, struct err *err)
{
	struct str rest = str_of(origins);

	while (rest.n) {
		struct str entry = str_trim(str_cut(&rest, ','));
		struct str origin = entry;
		struct str provider = str_cut(&origin, '=');

		if (provider.n && (str_starts(origin, STR("https://")) || str_starts(origin, STR("http://"))) &&
		    origin.p[origin.n - 1] != '/')
			continue;
		return err_set(err, RC_INVALID, "providers.origins: \"%.*s\" is not provider=http[s]://host[:port]",
		    STR_ARG(entry));
	}
	return RC_OK;
}

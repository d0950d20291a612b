// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/origins.h"

#include "base/url.h"

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

/* Nothing but scheme, host and port: links of the provider are compared with it. */
static bool is_origin(struct str s)
{
	static const struct str schemes[] = {STR("https://"), STR("http://")};
	struct str host = url_host(s);

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
		if (str_starts(s, schemes[i]))
			return host.n && schemes[i].n + host.n == s.n && !memchr(host.p, ' ', host.n);
	return false;
}

enum rc origins_check(const char *origins, struct err *err)
{
	struct str rest = str_of(origins);

	for (int i = 1; rest.n; i++) {
		struct str origin = str_trim(str_cut(&rest, ','));
		struct str provider = str_cut(&origin, '=');

		if (!provider.n || !is_origin(origin))
			return err_set(err, RC_INVALID,
			    "providers.origins: entry %d is not provider=http[s]://host[:port]", i);
	}
	return RC_OK;
}

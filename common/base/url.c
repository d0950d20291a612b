// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/url.h"

/* Where the authority begins; the URL's own beginning when there is no scheme. */
static size_t behind_scheme(struct str url)
{
	const char *at = url.n ? memmem(url.p, url.n, "://", 3) : NULL;

	return at ? (size_t)(at - url.p) + 3 : 0;
}

static size_t authority_end(struct str url, size_t from)
{
	while (from < url.n && url.p[from] != '/' && url.p[from] != '?' && url.p[from] != '#')
		from++;
	return from;
}

struct str url_origin(struct str url)
{
	size_t from = behind_scheme(url);

	return (struct str){url.p, from ? authority_end(url, from) : 0};
}

struct str url_host(struct str url)
{
	size_t from = behind_scheme(url);
	size_t end = authority_end(url, from);
	const char *user = end > from ? memrchr(url.p + from, '@', end - from) : NULL;

	if (user)
		from = (size_t)(user + 1 - url.p);
	return (struct str){url.n ? url.p + from : url.p, end - from};
}

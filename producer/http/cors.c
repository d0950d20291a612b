// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "cors.h"

#define ORIGINS_MAX 64
#define REQUEST_HEADERS                                                                                      \
	"Authorization, Cache-Control, Content-Type, Idempotency-Key, If-Match, If-None-Match, "             \
	"Last-Event-ID, Prefer, X-Request-Id, traceparent"
#define EXPOSED_HEADERS                                                                                      \
	"ETag, Idempotency-Replayed, Link, Location, Preference-Applied, RateLimit, RateLimit-Policy, "      \
	"Retry-After, WWW-Authenticate, X-Request-Id"
#define MAX_AGE_S "600"

struct cors {
	size_t n;
	struct str origin[ORIGINS_MAX];
	char *text; /* that they are slices of */
};

/* Splits "scheme://host[:port]" from what follows it; p NULL when the text does not begin so. */
static struct str origin_of(struct str url)
{
	static const struct str schemes[] = {STR("https://"), STR("http://")};

	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (!str_starts(url, schemes[i]))
			continue;
		struct str rest = {url.p + schemes[i].n, url.n - schemes[i].n};
		struct str host = str_cut(&rest, '/');

		if (host.n)
			return (struct str){url.p, schemes[i].n + host.n};
	}
	return (struct str){NULL, 0};
}

static struct str host_of(struct str origin)
{
	size_t scheme = str_starts(origin, STR("https://")) ? 8 : 7;

	return (struct str){origin.p + scheme, origin.n - scheme};
}

/* As browsers write it (RFC 6454, section 6.2): in lower case, without a path, a user or a query. */
static bool is_origin(struct str text)
{
	if (!text.n || !str_eq(origin_of(text), text))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("*@?#\\\"<>,", c) || (c >= 'A' && c <= 'Z'))
			return false;
	}
	return true;
}

struct cors *cors_new(const char *origins, struct err *err)
{
	struct cors *c = mem_zalloc(sizeof *c);

	c->text = mem_strdup(origins);
	struct str rest = str_of(c->text);
	while (rest.n) {
		struct str one = str_trim(str_cut(&rest, ','));

		if (!is_origin(one) || c->n == ORIGINS_MAX) {
			err_set(err, RC_INVALID,
			    "http.allowed_origins: \"%.*s\": write at most %d of scheme://host[:port], in "
			    "lower "
			    "case, with commas between",
			    (int)MIN(one.n, 100), one.p, ORIGINS_MAX);
			cors_free(c);
			return NULL;
		}
		c->origin[c->n++] = one;
	}
	return c;
}

void cors_free(struct cors *c)
{
	if (!c)
		return;
	free(c->text);
	free(c);
}

static bool is_listed(const struct cors *c, struct str origin)
{
	for (size_t i = 0; origin.p && i < c->n; i++)
		if (str_eq(c->origin[i], origin))
			return true;
	return false;
}

static void add(struct reply *r, const char *name, const char *value)
{
	reply_add_header(r, name, mem_strdup(value));
}

void cors_add_headers(const struct cors *c, const struct httpd_request *rq, struct reply *reply)
{
	struct str origin = httpd_header(rq, "Origin");

	if (c->n == 0)
		return;
	add(reply, "Vary", "Origin");
	if (!is_listed(c, origin))
		return;
	reply_add_header(reply, "Access-Control-Allow-Origin", mem_strndup(origin.p, origin.n));
	add(reply, "Access-Control-Allow-Credentials", "true");
	add(reply, "Access-Control-Expose-Headers", EXPOSED_HEADERS);
}

bool cors_preflight(
    const struct cors *c, const struct httpd_request *rq, const char *methods, struct reply *ret)
{
	if (!str_is(rq->method, "OPTIONS") || !*methods || !is_listed(c, httpd_header(rq, "Origin")) ||
	    !httpd_header(rq, "Access-Control-Request-Method").p)
		return false;
	*ret = (struct reply){.status = 204};
	add(ret, "Access-Control-Allow-Methods", methods);
	add(ret, "Access-Control-Allow-Headers", REQUEST_HEADERS);
	add(ret, "Access-Control-Max-Age", MAX_AGE_S);
	return true;
}

/*
 * An origin is ours when it names the host that was asked; which scheme, only the proxy before us knows.
 * Browsers that say how they see it (Fetch Metadata) are believed.
 */
static bool is_ours(const struct httpd_request *rq, struct str origin)
{
	struct str site = httpd_header(rq, "Sec-Fetch-Site");
	struct str host = httpd_header(rq, "Host");

	return (!site.p || str_is(site, "same-origin")) && host.n && str_eq_nocase(host_of(origin), host);
}

bool cors_trusts(const struct cors *c, const struct httpd_request *rq)
{
	struct str origin = httpd_header(rq, "Origin");

	if (!origin.p)
		origin = origin_of(httpd_header(rq, "Referer"));
	else if (!str_eq(origin_of(origin), origin))
		return false; /* "null", or no origin at all */
	return origin.p && (is_listed(c, origin) || is_ours(rq, origin));
}

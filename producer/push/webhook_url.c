// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "webhook_url.h"

#include "base/url.h"
#include "io/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define HOST_MAX 253

static const char *const inside = "url must lead to a public address";

/* 1: allowed, 0: refused, -1: `host` is no address but a name. */
static int judge_address(const char *host, bool loopback)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	const struct sockaddr *address = NULL;

	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
		address = (const struct sockaddr *)&v4;
	else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
		address = (const struct sockaddr *)&v6;
	if (!address)
		return -1;
	return http_address_is_public(address) || (loopback && http_address_is_loopback(address));
}

static bool is_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A name's last label has a letter; what has not is an address in another writing (127.1, 0x7f.1). */
static bool is_name(struct str host)
{
	struct str rest = host;
	struct str label = rest;

	if (host.n > 0 && host.p[host.n - 1] == '.')
		rest.n--;
	while (rest.n)
		label = str_cut(&rest, '.');
	for (size_t i = 0; i < host.n; i++) {
		unsigned char c = (unsigned char)host.p[i];

		if (!(c == '.' || c == '-' || c == '_' || (c >= '0' && c <= '9') || is_letter(c)))
			return false;
	}
	return label.n > 0 && is_letter((unsigned char)label.p[0]);
}

static const char *host_fault(struct str host, bool loopback)
{
	char text[HOST_MAX + 1];

	if (host.n > 1 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (struct str){host.p + 1, host.n - 2};
	if (host.n == 0 || host.n > HOST_MAX)
		return "url has no host";
	snprintf(text, sizeof text, "%.*s", STR_ARG(host));
	int allowed = judge_address(text, loopback);
	if (allowed >= 0)
		return allowed ? NULL : inside;
	if (!is_name(host))
		return "the host of url is neither a name nor an address";
	return str_eq_nocase(host, STR("localhost")) && !loopback ? inside : NULL;
}

static bool is_printable(struct str url)
{
	for (size_t i = 0; i < url.n; i++)
		if (url.p[i] <= ' ' || url.p[i] >= 0x7f || strchr("\"<>\\^`{|}#", url.p[i]))
			return false;
	return true;
}

const char *webhook_url_fault(struct str url, bool plain_loopback)
{
	bool plain = str_starts(url, STR("http://"));
	struct str host = url_host(url);
	struct str origin = url_origin(url);

	if (!str_starts(url, STR("https://")) && !(plain && plain_loopback))
		return "url must begin with https://";
	if (!is_printable(url))
		return "url holds a character that no URL has, or a fragment";
	if (memchr(origin.p, '@', origin.n))
		return "url must not hold a user or a password";
	if (host.n > 0 && host.p[host.n - 1] != ']') {
		const char *colon = memrchr(host.p, ':', host.n);

		if (colon)
			host.n = (size_t)(colon - host.p);
	}
	return host_fault(host, plain_loopback);
}

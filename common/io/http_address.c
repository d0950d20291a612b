// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct range4 {
	uint32_t net;
	int bits;
};

struct range6 {
	uint8_t net[16];
	int bits;
};

#define NET4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct range4 refused4[] = {
    {NET4(0, 0, 0, 0), 8},        /* this network */
    {NET4(10, 0, 0, 0), 8},       /* private */
    {NET4(100, 64, 0, 0), 10},    /* shared, and one cloud's metadata */
    {NET4(127, 0, 0, 0), 8},      /* loopback */
    {NET4(168, 63, 129, 16), 32}, /* Azure's host services */
    {NET4(169, 254, 0, 0), 16},   /* link-local, and most clouds' metadata */
    {NET4(172, 16, 0, 0), 12},    /* private */
    {NET4(192, 0, 0, 0), 24},     /* IETF protocol assignments */
    {NET4(192, 0, 2, 0), 24},     /* documentation */
    {NET4(192, 88, 99, 0), 24},   /* 6to4 relays */
    {NET4(192, 168, 0, 0), 16},   /* private */
    {NET4(198, 18, 0, 0), 15},    /* benchmarking */
    {NET4(198, 51, 100, 0), 24},  /* documentation */
    {NET4(203, 0, 113, 0), 24},   /* documentation */
    {NET4(224, 0, 0, 0), 3},      /* multicast, reserved, broadcast */
};

/* Inside 2000::/3, which is all that is allowed of IPv6. */
static const struct range6 refused6[] = {
    {{0x20, 0x01, 0x00}, 23},       /* IETF protocol assignments, Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
    {{0x20, 0x02}, 16},             /* 6to4 */
    {{0x3f, 0xff, 0x00}, 20},       /* documentation (RFC 9637) */
};

static const struct range6 global6 = {{0x20}, 3};
static const struct range6 nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96};

static bool in_range6(const uint8_t *a, const struct range6 *r)
{
	int bytes = r->bits / 8;
	int rest = r->bits % 8;

	if (memcmp(a, r->net, (size_t)bytes) != 0)
		return false;
	return rest == 0 || (a[bytes] ^ r->net[bytes]) >> (8 - rest) == 0;
}

static bool is_public4(uint32_t a)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused4); i++) {
		if (((a ^ refused4[i].net) >> (32 - refused4[i].bits)) == 0)
			return false;
	}
	return true;
}

static bool is_public6(const uint8_t *a)
{
	if (in_range6(a, &nat64))
		return is_public4(NET4(a[12], a[13], a[14], a[15]));
	if (!in_range6(a, &global6))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(refused6); i++) {
		if (in_range6(a, &refused6[i]))
			return false;
	}
	return true;
}

static uint32_t address4(const struct sockaddr *a)
{
	struct sockaddr_in in;

	memcpy(&in, a, sizeof in);
	return ntohl(in.sin_addr.s_addr);
}

static struct in6_addr address6(const struct sockaddr *a)
{
	struct sockaddr_in6 in;

	memcpy(&in, a, sizeof in);
	return in.sin6_addr;
}

bool http_address_is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return address4(a) >> 24 == 127;
	if (a->sa_family != AF_INET6)
		return false;
	struct in6_addr in = address6(a);
	return IN6_IS_ADDR_LOOPBACK(&in);
}

bool http_address_is_public(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return is_public4(address4(a));
	if (a->sa_family != AF_INET6)
		return false;
	struct in6_addr in = address6(a);
	return is_public6(in.s6_addr);
}

// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Which addresses the HTTP client may connect to, judged after DNS so that no name can point inwards. */
#include "base/base.h"

struct sockaddr;

/* 127.0.0.0/8 and ::1. */
bool http_address_is_loopback(const struct sockaddr *a);
/*
 * Globally reachable unicast by the IANA special-purpose registries (RFC 6890 and its updates). False for
 * private, shared, link-local, documentation, multicast and reserved ranges, for IPv4 inside IPv6 (mapped,
 * 6to4, Teredo; NAT64 is judged by the address inside), for clouds' metadata services that hide at public
 * addresses, and for other families.
 */
bool http_address_is_public(const struct sockaddr *a);

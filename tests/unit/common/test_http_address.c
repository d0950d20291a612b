// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/http_address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <sys/socket.h>

#include <cmocka.h>

static void test_addresses(void **state)
{
	static const struct {
		const char *text;
		bool is_public;
		bool is_loopback;
	} cases[] = {
	    {"8.8.8.8", true, false},
	    {"93.184.216.34", true, false},
	    {"0.0.0.0", false, false},
	    {"10.255.255.255", false, false},
	    {"11.0.0.0", true, false},
	    {"100.64.0.1", false, false},
	    {"100.128.0.0", true, false},
	    {"127.0.0.1", false, true},
	    {"127.255.255.255", false, true},
	    {"169.254.169.254", false, false},
	    {"168.63.129.16", false, false},
	    {"168.63.129.17", true, false},
	    {"172.15.0.1", true, false},
	    {"172.16.0.1", false, false},
	    {"172.31.255.255", false, false},
	    {"172.32.0.0", true, false},
	    {"192.0.0.192", false, false},
	    {"192.168.1.1", false, false},
	    {"198.19.0.1", false, false},
	    {"203.0.113.9", false, false},
	    {"223.255.255.255", true, false},
	    {"224.0.0.1", false, false},
	    {"255.255.255.255", false, false},
	    {"::", false, false},
	    {"::1", false, true},
	    {"::ffff:8.8.8.8", false, false},
	    {"::ffff:127.0.0.1", false, false},
	    {"64:ff9b::8.8.8.8", true, false},
	    {"64:ff9b::10.0.0.1", false, false},
	    {"64:ff9b:1::1", false, false},
	    {"2001:4860:4860::8888", true, false},
	    {"2001::1", false, false},
	    {"2001:db8::1", false, false},
	    {"2002:a00:1::", false, false},
	    {"2606:4700::1", true, false},
	    {"3fff::1", false, false},
	    {"3fff:1000::1", true, false},
	    {"fc00::1", false, false},
	    {"fd00:ec2::254", false, false},
	    {"fe80::1", false, false},
	    {"ff02::1", false, false},
	};
	struct sockaddr other = {.sa_family = AF_UNIX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sockaddr_in in4 = {.sin_family = AF_INET};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
		bool is4 = inet_pton(AF_INET, cases[i].text, &in4.sin_addr) == 1;
		const struct sockaddr *a = is4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6;

		assert_true(is4 || inet_pton(AF_INET6, cases[i].text, &in6.sin6_addr) == 1);
		if (http_address_is_public(a) != cases[i].is_public ||
		    http_address_is_loopback(a) != cases[i].is_loopback)
			fail_msg("%s", cases[i].text);
	}
	assert_false(http_address_is_public(&other));
	assert_false(http_address_is_loopback(&other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

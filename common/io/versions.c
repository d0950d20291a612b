// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/versions.h"

#include <curl/curl.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <openssl/crypto.h>
#include <uv.h>

#include "base/version.h"

/* PostgreSQL counts 150008 for 15.8. */
static const char *libpq_version(void)
{
	static char text[24];
	int version = PQlibVersion();

	snprintf(text, sizeof text, "%d.%d", version / 10000, version % 10000);
	return text;
}

const struct admin_version *versions_all(size_t *ret_n)
{
	static struct admin_version all[7];

	all[0] = (struct admin_version){"version", version_text()};
	all[1] = (struct admin_version){"commit", version_commit()};
	all[2] = (struct admin_version){"librdkafka", rd_kafka_version_str()};
	all[3] = (struct admin_version){"libpq", libpq_version()};
	all[4] = (struct admin_version){"libcurl", curl_version_info(CURLVERSION_NOW)->version};
	all[5] = (struct admin_version){"libuv", uv_version_string()};
	all[6] = (struct admin_version){"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)};
	*ret_n = ARRAY_SIZE(all);
	return all;
}

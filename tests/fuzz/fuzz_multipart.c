// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as an answer to a batch: what is handed out lies inside of the body, in its order. The first line
 * is the content type; "b" stands for a good one.
 */
#include "base/base.h"
#include "multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reading {
	struct str body;
	const char *at; /* behind the last part */
};

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_inside(const struct reading *r, struct str s)
{
	if (s.n)
		check(s.p >= r->at && s.p + s.n <= r->body.p + r->body.n,
		    "outside of the body, or of its part");
}

static enum rc check_part(void *user, const struct multipart_part *part)
{
	struct reading *r = user;

	check(part->status >= 100 && part->status <= 599, "no status");
	check(part->nheaders <= MULTIPART_HEADERS_MAX, "too many headers");
	check_inside(r, part->id);
	check_inside(r, part->body);
	for (size_t i = 0; i < part->nheaders; i++) {
		check(part->headers[i].name.n != 0, "a header without a name");
		check_inside(r, part->headers[i].name);
		check_inside(r, part->headers[i].value);
	}
	if (part->body.n)
		r->at = part->body.p + part->body.n;
	return part->status == 418 ? RC_DENIED : RC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str body = {(const char *)data, size};
	struct str type = str_cut(&body, '\n');
	struct reading r = {.body = body, .at = body.p};
	struct err err = {0};

	if (!body.p)
		return 0;
	if (str_is(type, "b"))
		type = STR("multipart/mixed; boundary=b");
	enum rc rc = multipart_read(type, body, check_part, &r, &err);
	check(rc == RC_OK || rc == RC_DENIED || (rc == RC_INVALID && err.text[0]), "an unknown end");
	return 0;
}

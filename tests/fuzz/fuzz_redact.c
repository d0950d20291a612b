// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as an answer that is kept for evidence: the secret is not in what is left, it is text, and it is
 * bounded. The first two bytes choose where it is cut; an `@` stands for the secret.
 */
#include "base/base.h"
#include "base/utf8.h"
#include "sync/redact.h"

#define SECRET "sEcr/t+42"
#define WORDS_MAX 128 /* what redaction may add behind the cut */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct buf text = BUF(1 << 20);
	struct buf out = BUF(1 << 20);
	size_t max = (size_t)data[0] << 8 | data[1];

	for (size_t i = 2; i < size; i++) {
		if (data[i] == '@')
			buf_add_text(&text, SECRET);
		else
			buf_add(&text, data + i, 1);
	}
	redact_text(buf_str(&text), STR(SECRET), max, &out);
	check(!memmem(buf_str(&out).p, out.n, SECRET, strlen(SECRET)), "the secret is still there");
	check(utf8_valid(buf_str(&out)) && !memchr(buf_str(&out).p, 0, out.n), "no text");
	check(out.n <= max + WORDS_MAX, "too long");
	buf_done(&text);
	buf_done(&out);
	return 0;
}

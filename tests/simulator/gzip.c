// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "gzip.h"

#include <zlib.h>

#define GZIP_WRAPPER 16 /* added to the window's bits: zlib.h, deflateInit2 */
#define PIECE (64u << 10)

static void deflate_all(z_stream *z, struct buf *out, int flush)
{
	do {
		z->next_out = (Bytef *)buf_reserve(out, PIECE);
		z->avail_out = PIECE;
		if (!z->next_out || deflate(z, flush) == Z_STREAM_ERROR)
			abort();
		out->n += PIECE - z->avail_out;
	} while (z->avail_out == 0);
}

void gzip_pack(struct buf *text, size_t bytes)
{
	struct buf out = BUF(text->max);
	z_stream z = {0};
	char blanks[PIECE];

	if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER, MAX_MEM_LEVEL,
	        Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	z.next_in = (Bytef *)text->p;
	z.avail_in = (uInt)text->n;
	deflate_all(&z, &out, Z_NO_FLUSH);
	memset(blanks, ' ', sizeof blanks);
	for (size_t left = bytes > text->n ? bytes - text->n : 0; left;) {
		z.next_in = (Bytef *)blanks;
		z.avail_in = (uInt)MIN(left, sizeof blanks);
		left -= z.avail_in;
		deflate_all(&z, &out, Z_NO_FLUSH);
	}
	deflate_all(&z, &out, Z_FINISH);
	deflateEnd(&z);
	buf_done(text);
	*text = out;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "json.h"

void json_string(struct buf *ret, struct str text)
{
	buf_add_char(ret, '"');
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '"' || c == '\\')
			buf_printf(ret, "\\%c", c);
		else if (c < 0x20)
			buf_printf(ret, "\\u%04x", c);
		else
			buf_add_char(ret, (char)c);
	}
	buf_add_char(ret, '"');
}

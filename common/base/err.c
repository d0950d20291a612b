// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include "base/utf8.h"

enum rc err_set(struct err *err, enum rc rc, const char *fmt, ...)
{
	if (!err)
		return rc;
	va_list args;

	va_start(args, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	utf8_mend(err->text); /* it may have been cut, or quote anything; databases and JSON refuse what is no
	                         text */
	err->rc = rc;
	err->sqlstate[0] = '\0';
	return rc;
}

enum rc err_prefix(struct err *err, const char *fmt, ...)
{
	char joined[2 * ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(joined, ERR_TEXT_MAX, fmt, args);
	va_end(args);
	size_t at = MIN((size_t)MAX(n, 0), (size_t)ERR_TEXT_MAX - 1);
	snprintf(joined + at, sizeof joined - at, ": %s", err->text);
	joined[ERR_TEXT_MAX - 1] = '\0';
	memcpy(err->text, joined, ERR_TEXT_MAX);
	utf8_mend(err->text);
	return err->rc;
}

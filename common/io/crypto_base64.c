// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/crypto.h"

static const char digits[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void crypto_base64_encode(enum crypto_base64 form, struct str data, struct buf *out)
{
	const char *digit = digits[form];
	const uint8_t *p = (const uint8_t *)data.p;

	for (size_t i = 0; i < data.n; i += 3) {
		size_t left = MIN(data.n - i, (size_t)3);
		uint32_t bits = (uint32_t)p[i] << 16;
		char quad[] = "====";

		if (left > 1)
			bits |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			bits |= p[i + 2];
		for (size_t k = 0; k <= left; k++)
			quad[k] = digit[bits >> (18 - 6 * k) & 63];
		buf_add(out, quad, form == CRYPTO_BASE64 ? 4 : left + 1);
	}
}

/* The text without its padding; false when there is too much, too little or a wrong one. */
static bool strip_padding(enum crypto_base64 form, struct str *text)
{
	if (form == CRYPTO_BASE64) {
		if (text->n % 4)
			return false;
		for (int i = 0; i < 2 && text->n && text->p[text->n - 1] == '='; i++)
			text->n--;
	}
	return text->n % 4 != 1;
}

/* The value of a digit, or -1. */
static int digit_value(enum crypto_base64 form, char c)
{
	const char *at = c ? strchr(digits[form], c) : NULL;

	return at ? (int)(at - digits[form]) : -1;
}

bool crypto_base64_decode(enum crypto_base64 form, struct str text, struct buf *out)
{
	uint32_t bits = 0;
	unsigned nbits = 0;

	if (!strip_padding(form, &text))
		return false;
	size_t total = text.n / 4 * 3 + (text.n % 4 ? text.n % 4 - 1 : 0);
	char *at = buf_reserve(out, total);
	if (!at)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int value = digit_value(form, text.p[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		nbits += 6;
		if (nbits < 8)
			continue;
		nbits -= 8;
		*at++ = (char)(bits >> nbits);
		bits &= (1u << nbits) - 1;
	}
	if (bits) /* left over bits that are not zero: another text means the same bytes */
		return false;
	*at = '\0';
	out->n += total;
	return true;
}

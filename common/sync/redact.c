// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/redact.h"

#include <ctype.h>

#include "base/utf8.h"

#define MASK "[redacted]"
#define NAME_MAX_BYTES 128 /* what is longer is no name; and nobody makes us look far ahead at every byte */
#define SECRET_MIN 6       /* shorter ones would mask words */

/* A name that holds one of these has a secret for its value. */
static const char *const names[] = {"token", "secret", "passw", "authorization", "cookie", "api_key",
    "apikey", "api-key", "signature", "credential"};
/* And what follows these after a blank is one, as in an Authorization header. */
static const char *const schemes[] = {"bearer ", "basic ", "oauthtoken "};

static size_t word_at(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(words[i]);

		if (s.n >= len && strncasecmp(s.p, words[i], len) == 0)
			return len;
	}
	return 0;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '-';
}

static size_t skip(struct str s, size_t i, const char *set)
{
	while (i < s.n && s.p[i] && strchr(set, s.p[i]))
		i++;
	return i;
}

/* ---- where a value ends ---- */

static size_t quoted_end(struct str s, size_t i)
{
	while (i < s.n && s.p[i] != '"')
		i += s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
	return MIN(i, s.n);
}

/* Of an object or a list; quotes inside may hold brackets. */
static size_t nested_end(struct str s, size_t i)
{
	int depth = 0;

	for (; i < s.n; i++) {
		if (s.p[i] == '"')
			i = quoted_end(s, i + 1);
		else if (s.p[i] == '{' || s.p[i] == '[')
			depth++;
		else if ((s.p[i] == '}' || s.p[i] == ']') && --depth == 0)
			return i + 1;
	}
	return s.n;
}

static size_t bare_end(struct str s, size_t i)
{
	while (i < s.n && (!s.p[i] || !strchr(" \t\r\n&,;<>}])'\"\\", s.p[i])))
		i++;
	return i;
}

/* The scheme of an Authorization header is not all of its value. */
static size_t behind_scheme(struct str s, size_t i, size_t end)
{
	for (size_t k = 0; k < ARRAY_SIZE(schemes); k++) {
		size_t n = strlen(schemes[k]);

		if (end < s.n && end + 1 >= i + n && strncasecmp(s.p + end + 1 - n, schemes[k], n) == 0)
			return bare_end(s, end + 1);
	}
	return end;
}

static size_t value_end(struct str s, size_t i)
{
	bool quoted = i > 0 && s.p[i - 1] == '"' && !(i > 1 && s.p[i - 2] == '\\');

	if (i < s.n && (s.p[i] == '{' || s.p[i] == '['))
		return nested_end(s, i);
	return quoted ? quoted_end(s, i) : behind_scheme(s, i, bare_end(s, i));
}

/* ---- what begins here ---- */

/* The value of a name that tells of a secret and begins at `i`: where it begins. 0: there is none. */
static size_t named_value(struct str s, size_t i)
{
	struct str rest = {s.p + i, s.n - i};
	size_t n = s.n;
	size_t at = word_at(rest, schemes, ARRAY_SIZE(schemes));

	if (at)
		return skip(s, i + at, " ");
	at = word_at(rest, names, ARRAY_SIZE(names));
	if (!at)
		return 0;
	s.n = MIN(s.n, i + NAME_MAX_BYTES);
	at += i;
	while (at < s.n && is_name_char(s.p[at]))
		at++;
	at = skip(s, at, "\\\"' \t");
	if (at == s.n || (s.p[at] != ':' && s.p[at] != '='))
		return 0;
	s.n = n;
	at = skip(s, at + 1, " \t\r\n");
	at = skip(s, at, "\\");
	return at < s.n && (s.p[at] == '"' || s.p[at] == '\'') ? at + 1 : at;
}

/* One character of a secret, as it is, percent-encoded or escaped; returns how many bytes it takes. */
static size_t char_len(struct str s, size_t i, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char u = (unsigned char)c;

	if (i < s.n && s.p[i] == c)
		return 1;
	if (i + 1 < s.n && s.p[i] == '\\' && s.p[i + 1] == c)
		return 2;
	if (i + 2 < s.n && s.p[i] == '%' && toupper((unsigned char)s.p[i + 1]) == hex[u >> 4] &&
	    toupper((unsigned char)s.p[i + 2]) == hex[u & 15])
		return 3;
	return 0;
}

/* Bytes of the secret that begins at `i`, or 0. */
static size_t secret_len(struct str s, size_t i, struct str secret)
{
	size_t at = i;

	for (size_t k = 0; k < secret.n; k++) {
		size_t n = char_len(s, at, secret.p[k]);

		if (!n)
			return 0;
		at += n;
	}
	return secret.n >= SECRET_MIN ? at - i : 0;
}

/* ---- together ---- */

static size_t copy_char(struct str s, size_t i, struct buf *out)
{
	size_t n = utf8_char_len((struct str){s.p + i, s.n - i});
	unsigned char c = (unsigned char)s.p[i];

	if (n == 0)
		buf_add_char(out, '?');
	else if (n == 1 && (c < ' ' || c == 0x7f) && c != '\n' && c != '\t')
		buf_add_char(out, ' ');
	else
		buf_add(out, s.p + i, n);
	return MAX(n, 1);
}

void redact_text(struct str text, struct str secret, size_t max, struct buf *out)
{
	size_t begin = out->n;
	size_t i = 0;

	while (i < text.n && out->n - begin < max) {
		size_t known = secret_len(text, i, secret);
		size_t value = known ? 0 : named_value(text, i);

		if (value) {
			for (size_t k = i; k < value && out->n - begin < max;)
				k += copy_char(text, k, out);
			i = value;
			known = value_end(text, value) - value;
		}
		if (known)
			buf_add_text(out, MASK);
		i += known;
		if (!known && !value && i < text.n)
			i += copy_char(text, i, out);
	}
	if (i < text.n)
		buf_printf(out, "... (%zu bytes in all)", text.n);
}

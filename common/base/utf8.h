// SPDX-License-Identifier: Apache-2.0
#pragma once
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF. */
#include "base/base.h"

/* Bytes of the well-formed character at the start of `s`: 1 to 4, or 0 when there is none. */
size_t utf8_char_len(struct str s);
bool utf8_valid(struct str s);
/* The longest prefix of at most `max` bytes that does not end inside a character. */
struct str utf8_cut(struct str s, size_t max);
/* Puts a '?' for every byte of a text that belongs to no well-formed character, as at the end of one that was
 * cut. */
void utf8_mend(char *text);
/* Characters of a valid text. */
size_t utf8_count(struct str s);

#define UTF8_MAX 4 /* bytes of the longest character */

/* Writes a scalar value's bytes, at most UTF8_MAX; returns how many. */
size_t utf8_put(uint32_t character, char *to);

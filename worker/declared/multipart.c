// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "multipart.h"

#define BOUNDARY_MAX 200 /* RFC 2046 allows 70 */

/* ---- the boundary ---- */

static bool is_boundary(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7f)
			return false;
	return s.n > 0 && s.n <= BOUNDARY_MAX;
}

static struct str unquote(struct str s)
{
	if (!s.n || s.p[0] != '"')
		return s;
	const char *end = memchr(s.p + 1, '"', s.n - 1);
	return end ? (struct str){s.p + 1, (size_t)(end - s.p) - 1} : (struct str){0};
}

/* Of "multipart/mixed; boundary=batch_x"; empty: there is none. */
static struct str boundary_of(struct str content_type)
{
	struct str rest = content_type;
	struct str type = str_trim(str_cut(&rest, ';'));
	if (type.n < 10 || strncasecmp(type.p, "multipart/", 10) != 0)
		return (struct str){0};
	while (rest.n) {
		struct str value = str_cut(&rest, ';');
		struct str name = str_trim(str_cut(&value, '='));
		if (str_eq_nocase(name, STR("boundary")))
			return unquote(str_trim(value));
	}
	return (struct str){0};
}

/* ---- lines ---- */

static struct str from(struct str s, const char *p)
{
	return (struct str){p, s.n - (size_t)(p - s.p)};
}

/* The next line without its end, which is CRLF or, of careless servers, LF. */
static struct str take_line(struct str *rest)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	struct str line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
	*rest = end ? from(*rest, end + 1) : (struct str){rest->p + rest->n, 0};
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

struct delimiter {
	const char *begin; /* of the line break before it, which belongs to it */
	const char *end;   /* of its line */
	bool last;
};

static const char *before_line(struct str body, const char *at)
{
	if (at > body.p && at[-1] == '\n')
		at--;
	if (at > body.p && at[-1] == '\r')
		at--;
	return at;
}

/* Whether "--boundary" at `at` is a whole line. */
static bool is_delimiter(struct str body, const char *at, size_t n, struct delimiter *ret)
{
	struct str rest = from(body, at + n);
	if (at > body.p && at[-1] != '\n')
		return false;
	struct str line = take_line(&rest);
	ret->last = str_starts(line, STR("--"));
	if (ret->last)
		line = (struct str){line.p + 2, line.n - 2};
	ret->begin = before_line(body, at);
	ret->end = rest.p;
	return str_trim(line).n == 0;
}

static bool find_delimiter(struct str body, const char *start, struct str mark, struct delimiter *ret)
{
	struct str rest = from(body, start);
	for (;;) {
		const char *at = memmem(rest.p, rest.n, mark.p, mark.n);
		if (!at)
			return false;
		if (is_delimiter(body, at, mark.n, ret))
			return true;
		rest = from(rest, at + 1);
	}
}

/* ---- a part ---- */

static bool take_header(struct str *rest, struct http_header *ret)
{
	struct str line = take_line(rest);
	ret->name = str_trim(str_cut(&line, ':'));
	ret->value = str_trim(line);
	return ret->name.n != 0;
}

/* "<response-item-3>" is response-item-3. */
static struct str bare_id(struct str value)
{
	if (value.n >= 2 && value.p[0] == '<' && value.p[value.n - 1] == '>')
		return (struct str){value.p + 1, value.n - 2};
	return value;
}

static void take_mime_headers(struct str *rest, struct multipart_part *part)
{
	struct http_header h;
	while (rest->n && take_header(rest, &h))
		if (str_eq_nocase(h.name, STR("Content-ID")))
			part->id = bare_id(h.value);
}

/* "HTTP/1.1 200 OK" */
static bool take_status(struct str *rest, struct multipart_part *part)
{
	int64_t status;
	struct str line = take_line(rest);
	if (!str_starts(line, STR("HTTP/")))
		return false;
	str_cut(&line, ' ');
	line = str_trim(line);
	if (!str_to_i64(str_cut(&line, ' '), &status) || status < 100 || status > 599)
		return false;
	part->status = (int)status;
	return true;
}

static void take_headers(struct str *rest, struct multipart_part *part)
{
	struct http_header h;
	while (rest->n && take_header(rest, &h))
		if (part->nheaders < MULTIPART_HEADERS_MAX)
			part->headers[part->nheaders++] = h;
}

static bool read_part(struct str text, struct multipart_part *ret)
{
	*ret = (struct multipart_part){0};
	take_mime_headers(&text, ret);
	if (!take_status(&text, ret))
		return false;
	take_headers(&text, ret);
	ret->body = str_trim(text);
	return true;
}

enum rc multipart_read(
    struct str content_type, struct str body, multipart_part_fn *fn, void *user, struct err *err)
{
	char text[BOUNDARY_MAX + 3];
	struct str boundary = boundary_of(content_type);
	struct delimiter before, after;
	if (!is_boundary(boundary))
		return err_set(err, RC_INVALID, "the answer is no multipart with a boundary");
	struct str mark = {text, (size_t)snprintf(text, sizeof text, "--%.*s", STR_ARG(boundary))};
	if (!body.p || !find_delimiter(body, body.p, mark, &before))
		return err_set(err, RC_INVALID, "the answer holds no part");
	for (size_t n = 1; !before.last; n++, before = after) {
		struct multipart_part part;
		if (!find_delimiter(body, before.end, mark, &after))
			return err_set(err, RC_INVALID, "the answer ends within part %zu", n);
		/* A part without a line begins behind the break that belongs to the delimiter after it. */
		const char *end = after.begin > before.end ? after.begin : before.end;
		if (!read_part((struct str){before.end, (size_t)(end - before.end)}, &part))
			return err_set(err, RC_INVALID, "part %zu is no HTTP answer", n);
		enum rc rc = fn(user, &part);
		if (rc)
			return rc;
	}
	return RC_OK;
}

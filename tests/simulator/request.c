// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "request.h"

#include <ctype.h>

struct framing {
	int64_t content_length;
	bool chunked;
	bool bad;
};

static void header_read(struct str name, struct str value, struct request *req, struct framing *framing)
{
	if (str_eq_nocase(name, STR("authorization")))
		req->authorization = value;
	else if (str_eq_nocase(name, STR("x-api-key")))
		req->api_key = value;
	else if (str_eq_nocase(name, STR("if-modified-since")))
		req->if_modified_since = value;
	else if (str_eq_nocase(name, STR("connection")))
		req->close = str_eq_nocase(value, STR("close"));
	else if (str_eq_nocase(name, STR("transfer-encoding")))
		framing->chunked = true;
	else if (str_eq_nocase(name, STR("content-length")))
		framing->bad = !str_to_i64(value, &framing->content_length) || framing->content_length < 0;
}

static bool line_read(struct str line, struct request *req)
{
	req->method = str_cut(&line, ' ');
	struct str target = str_cut(&line, ' ');

	req->path = str_cut(&target, '?');
	req->query = target;
	if (str_is(line, "HTTP/1.0"))
		req->close = true;
	return req->method.n && req->path.n && req->path.p[0] == '/' && str_starts(line, STR("HTTP/1."));
}

enum request_state request_parse(struct str in, struct request *ret, size_t *ret_used)
{
	const char *end = in.n ? memmem(in.p, in.n, "\r\n\r\n", 4) : NULL;
	struct framing framing = {0};
	struct request req = {0};

	if (!end)
		return REQUEST_PARTIAL;
	size_t head_n = (size_t)(end - in.p) + 4;
	struct str rest = {in.p, head_n - 2};
	if (!line_read(str_trim(str_cut(&rest, '\n')), &req))
		return REQUEST_BAD;
	while (rest.n) {
		struct str value = str_cut(&rest, '\n');
		struct str name = str_cut(&value, ':');

		header_read(name, str_trim(value), &req, &framing);
	}
	if (framing.bad || framing.chunked)
		return REQUEST_BAD;
	if (in.n - head_n < (size_t)framing.content_length)
		return REQUEST_PARTIAL;
	req.head = (struct str){in.p, head_n - 2};
	req.body = (struct str){in.p + head_n, (size_t)framing.content_length};
	*ret = req;
	*ret_used = head_n + req.body.n;
	return REQUEST_WHOLE;
}

struct str request_header(const struct request *req, struct str name)
{
	struct str rest = req->head;

	str_cut(&rest, '\n');
	while (rest.n) {
		struct str value = str_cut(&rest, '\n');

		if (str_eq_nocase(str_cut(&value, ':'), name))
			return str_trim(value);
	}
	return (struct str){0};
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes %xx and '+'; false when it does not fit or is not well formed. */
static bool form_decode(struct str in, char ret[PARAM_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (c == '%') {
			if (i + 2 >= in.n || hex_value(in.p[i + 1]) < 0 || hex_value(in.p[i + 2]) < 0)
				return false;
			c = (char)(hex_value(in.p[i + 1]) * 16 + hex_value(in.p[i + 2]));
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		if (n + 1 >= PARAM_MAX || c == '\0')
			return false;
		ret[n++] = c;
	}
	ret[n] = '\0';
	return true;
}

bool request_param(struct str form, const char *name, char ret[PARAM_MAX])
{
	char key[PARAM_MAX];

	while (form.n) {
		struct str value = str_cut(&form, '&');
		struct str raw = str_cut(&value, '=');

		if (form_decode(raw, key) && strcmp(key, name) == 0)
			return form_decode(value, ret);
	}
	return false;
}

bool request_has(struct str form, const char *name)
{
	char value[PARAM_MAX];

	return request_param(form, name, value) && value[0];
}

bool request_number(struct str form, const char *name, int64_t min, int64_t max, int64_t *ret)
{
	char text[PARAM_MAX];
	int64_t value;

	if (!request_param(form, name, text))
		return true;
	if (!str_to_i64(str_of(text), &value) || value < min || value > max)
		return false;
	*ret = value;
	return true;
}

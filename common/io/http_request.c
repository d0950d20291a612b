// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/url.h"
#include "io/http_private.h"

#include <ctype.h>
#include <strings.h>

static bool is_token_char(unsigned char c)
{
	return isalnum(c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

/* RFC 9110, 5.5: no control characters, so that no value can add a line of its own. */
static bool header_ok(const char *line)
{
	const unsigned char *p = (const unsigned char *)line;

	while (is_token_char(*p))
		p++;
	if (p == (const unsigned char *)line || *p != ':')
		return false;
	for (p++; *p; p++) {
		if ((*p < ' ' && *p != '\t') || *p == 0x7f)
			return false;
	}
	return true;
}

static bool check_url(struct http_call *call, const char *url)
{
	call->plain = strncasecmp(url, "http://", 7) == 0;
	if (call->plain && !call->client->o.allow_plain_loopback)
		return http_call_fail(call, RC_DENIED, "plain HTTP is not allowed");
	if (!call->plain && strncasecmp(url, "https://", 8) != 0)
		return http_call_fail(call, RC_DENIED, "only HTTPS is allowed");
	return true;
}

static bool check_request(struct http_call *call, const struct http_request *rq)
{
	if (!check_url(call, rq->url))
		return false;
	if (strcmp(rq->method, "GET") != 0 && strcmp(rq->method, "POST") != 0)
		return http_call_fail(call, RC_INVALID, "the method is neither GET nor POST");
	if (rq->nheaders > HTTP_REQUEST_HEADERS_MAX - 1)
		return http_call_fail(call, RC_LIMIT, "more than %d headers", HTTP_REQUEST_HEADERS_MAX - 1);
	for (size_t i = 0; i < rq->nheaders; i++) {
		if (!header_ok(rq->headers[i]))
			return http_call_fail(call, RC_INVALID, "request header %zu is malformed", i + 1);
	}
	return true;
}

/* The copy is reserved at once, so that the lines stay where they are. */
static bool copy_request(struct http_call *call, const struct http_request *rq)
{
	static char no_expect[] = "Expect:"; /* no round trip before a body */
	size_t total = rq->body.n;

	for (size_t i = 0; i < rq->nheaders; i++)
		total += strlen(rq->headers[i]) + 1;
	if (!buf_reserve(&call->request, total))
		return http_call_fail(
		    call, RC_LIMIT, "the request is larger than %u bytes", HTTP_REQUEST_BYTES_MAX);
	for (size_t i = 0; i < rq->nheaders; i++) {
		call->header[i + 1].data = call->request.p + call->request.n;
		buf_add(&call->request, rq->headers[i], strlen(rq->headers[i]) + 1);
	}
	call->header[0].data = no_expect;
	for (size_t i = 0; i <= rq->nheaders; i++)
		call->header[i].next = i < rq->nheaders ? &call->header[i + 1] : NULL;
	if (rq->body.p)
		buf_add_str(&call->request, rq->body);
	return true;
}

static void set_body(struct http_call *call, const struct http_request *rq)
{
	const char *body = rq->body.n ? call->request.p + call->request.n - rq->body.n : "";

	if (strcmp(call->method, "POST") == 0) {
		curl_easy_setopt(call->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDS, body);
		curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body.n);
	} else {
		curl_easy_setopt(call->easy, CURLOPT_HTTPGET, 1L);
	}
}

bool http_call_prepare(struct http_call *call, const struct http_request *rq)
{
	struct str host = url_host(str_of(rq->url));

	call->method = strcmp(rq->method, "POST") == 0 ? "POST" : "GET";
	snprintf(call->host, sizeof call->host, "%.*s", STR_ARG(host));
	if (!check_request(call, rq) || !copy_request(call, rq))
		return false;
	set_body(call, rq);
	curl_easy_setopt(call->easy, CURLOPT_URL, rq->url);
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->header);
	curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, rq->once ? 1L : 0L);
	curl_easy_setopt(call->easy, CURLOPT_LOW_SPEED_TIME, 0L);
	return true;
}

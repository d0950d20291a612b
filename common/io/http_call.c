// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "io/http_private.h"

#include <openssl/ssl.h>

#define CONNECT_TIMEOUT_MS 10000L
#define CONNECTION_IDLE_S 60L      /* below the usual 75 s of servers */
#define CONNECTION_LIFE_S 300L     /* a moved name is noticed after that */
#define KEEPALIVE_IDLE_S 60L       /* some answers take minutes: firewalls must not forget the connection */
#define UPLOAD_BUFFER_BYTES 16384L /* libcurl's smallest; its default of 64 KB is per TLS transfer */
#define STALL_BYTES_PER_S 64L      /* a body slower than this ... */
#define STALL_S 30L                /* ... for so long is given up */
#define HEAD_KEEP_BYTES 8192       /* larger buffers are not kept between uses */

bool http_call_fail(struct http_call *call, enum rc rc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(call->fail_text, sizeof call->fail_text, fmt, args);
	va_end(args);
	call->fail_rc = rc;
	return false;
}

/* ---- response ---- */

static bool is_header(struct str line, struct str name)
{
	return line.n > name.n && line.p[name.n] == ':' && str_eq_nocase((struct str){line.p, name.n}, name);
}

static struct str header_value(struct str line, struct str name)
{
	return str_trim((struct str){line.p + name.n + 1, line.n - name.n - 1});
}

/*
 * One layer of gzip is all that we asked for. Stacked encodings multiply: what libcurl decodes of one read
 * would no longer be bounded.
 */
static bool encoding_allowed(struct http_call *call, struct str line)
{
	const struct str content = STR("Content-Encoding");
	const struct str transfer = STR("Transfer-Encoding");

	if (is_header(line, transfer))
		return str_eq_nocase(header_value(line, transfer), STR("chunked"));
	if (!is_header(line, content) || str_eq_nocase(header_value(line, content), STR("identity")))
		return true;
	bool again = call->encoded;
	call->encoded = true;
	return !again && str_eq_nocase(header_value(line, content), STR("gzip"));
}

static size_t on_header(char *p, size_t size, size_t n, void *user)
{
	struct http_call *call = user;
	struct str line = str_trim((struct str){p, size * n});

	if (str_starts(line, STR("HTTP/"))) { /* another response follows an interim one */
		buf_clear(&call->head);
		call->nheaders = 0;
		call->encoded = call->headed = false;
		return n;
	}
	if (line.n == 0) {
		call->headed = true;
		return n;
	}
	buf_add_str(&call->head, line);
	buf_add_char(&call->head, '\n');
	if (!buf_ok(&call->head) || ++call->nheaders > HTTP_HEADERS_MAX) {
		http_call_fail(call, RC_LIMIT, "the response has more than %d headers or %d bytes of them",
		    HTTP_HEADERS_MAX, HTTP_HEAD_BYTES_MAX);
		return 0;
	}
	if (!encoding_allowed(call, line)) {
		http_call_fail(call, RC_IO, "the response has an encoding that was not asked for");
		return 0;
	}
	return n;
}

static bool body_fits(struct http_call *call, size_t n)
{
	size_t max = call->client->o.body_max;

	if (n <= max)
		return true;
	return http_call_fail(call, RC_LIMIT, "the body is larger than %zu bytes", max);
}

/* The first bytes of a body: its share of the budget becomes its own, and a server that stalls is given up.
 */
static bool body_begin(struct http_call *call)
{
	curl_off_t length = -1;

	curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	size_t known = length > 0 && !call->encoded ? (size_t)length : 0;
	if (!body_fits(call, known))
		return false;
	call->begun = true;
	call->sized = length >= 0;
	if (known)
		http_budget_reserve(call, http_budget_expected(call->client, known));
	call->body = http_body_get(call->client, known);
	curl_easy_setopt(call->easy, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_PER_S);
	curl_easy_setopt(call->easy, CURLOPT_LOW_SPEED_TIME, STALL_S);
	return true;
}

bool http_call_tls_holds_more(const struct http_call *call)
{
	struct curl_tlssessioninfo *tls = NULL;

	if (call->plain)
		return false;
	curl_easy_getinfo(call->easy, CURLINFO_TLS_SSL_PTR, &tls);
	return tls && tls->backend == CURLSSLBACKEND_OPENSSL && tls->internals &&
	       SSL_pending(tls->internals) > 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
	struct http_call *call = user;

	n *= size;
	if (!call->admitted && !http_budget_admit(call)) {
		/* libcurl's own timers read sockets too; what they read over budget waits inside libcurl. */
		call->paused = true;
		http_lane_paused(call);
		if (!call->held)
			http_call_hold(call);
		return CURL_WRITEFUNC_PAUSE;
	}
	if (!call->begun && !body_begin(call))
		return 0;
	if (!body_fits(call, call->body.n + n))
		return 0;
	buf_add(&call->body, p, n);
	if (call->body.n > call->reserved)
		http_budget_reserve(call, call->body.n);
	call->leftover = call->sized && !call->encoded && http_call_tls_holds_more(call);
	return n;
}

static int on_connected(void *user, char *peer, char *local, int peer_port, int local_port)
{
	struct http_call *call = user;
	long opened = 0;

	(void)local;
	curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &opened);
	call->fd = -1;
	if (opened == 0)
		http_lane_before_reuse(call, local_port, peer, peer_port);
	call->requested = true;
	call->fail_rc = RC_OK; /* another address of the name may have been refused */
	return CURL_PREREQFUNC_OK;
}

size_t http_call_headers(struct http_call *call)
{
	struct http_header *ret = call->client->headers;
	struct str rest = buf_str(&call->head);
	size_t n = 0;

	while (rest.n > 0 && n < HTTP_HEADERS_MAX) {
		struct str value = str_cut(&rest, '\n');
		struct str name = str_cut(&value, ':');

		ret[n++] = (struct http_header){.name = str_trim(name), .value = str_trim(value)};
	}
	return n;
}

/* ---- errors ---- */

static enum rc code_to_rc(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return RC_TIMEOUT;
	case CURLE_URL_MALFORMAT:
	case CURLE_LOGIN_DENIED: /* a user name in the URL */
		return RC_INVALID;
	default:
		return RC_IO;
	}
}

void http_call_error(struct http_call *call, CURLcode code, struct err *err)
{
	enum rc rc = call->fail_rc;
	const char *text = call->fail_text;

	if (rc == RC_OK && code == CURLE_OPERATION_TIMEDOUT && call->held) {
		rc = RC_BUSY;
		text = "timed out while waiting for the memory budget";
	} else if (rc == RC_OK) {
		rc = code_to_rc(code);
		text = rc != RC_INVALID && call->curl_text[0] ? call->curl_text : curl_easy_strerror(code);
	}
	err_set(err, rc, "%s %s: %s", call->method, call->host, text);
}

/* ---- life ---- */

static void set_rules(CURL *easy, const struct http_options *o)
{
	const char *protocols = o->allow_plain_loopback ? "https,http" : "https";

	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 0L);
	curl_easy_setopt(easy, CURLOPT_UNRESTRICTED_AUTH, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	if (o->user_agent)
		curl_easy_setopt(easy, CURLOPT_USERAGENT, o->user_agent);
	if (o->ca_file) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
		curl_easy_setopt(easy, CURLOPT_CAPATH, "/etc/ssl/certs");
	}
}

static void set_transport(CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Else a call that ends while its name is looked up blocks the loop until the name server answers. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, CONNECTION_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, CONNECTION_LIFE_S);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES);
}

static void set_callbacks(struct http_call *call)
{
	CURL *easy = call->easy;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_text);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, call);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, http_socket_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
	/* A connection outlives the call that opened it. */
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, http_socket_close);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, call->client);
	curl_easy_setopt(easy, CURLOPT_SHARE, call->client->share);
}

struct http_call *http_call_new(struct http_client *c)
{
	struct http_call *call = mem_zalloc(sizeof *call);

	call->client = c;
	call->fd = -1;
	call->easy = curl_easy_init();
	if (!call->easy)
		abort(); /* out of memory, as in mem_alloc */
	buf_init(&call->request, HTTP_REQUEST_BYTES_MAX);
	buf_init(&call->head, HTTP_HEAD_BYTES_MAX);
	set_rules(call->easy, &c->o);
	set_transport(call->easy);
	set_callbacks(call);
	return call;
}

static void buf_reuse(struct buf *b)
{
	if (b->cap > HEAD_KEEP_BYTES)
		buf_done(b);
	buf_clear(b);
}

void http_call_clear(struct http_call *call)
{
	if (call->request.p)
		explicit_bzero(call->request.p, call->request.n);
	buf_reuse(&call->request);
	buf_reuse(&call->head);
	call->nheaders = 0;
	call->reserved = 0;
	call->watch = NULL;
	call->fd = -1;
	call->fail_rc = RC_OK;
	call->curl_text[0] = '\0';
	call->plain = call->encoded = call->requested = call->admitted = false;
	call->headed = call->held = call->paused = call->begun = false;
	call->sized = call->leftover = false;
}

void http_call_free(struct http_call *call)
{
	http_call_clear(call);
	curl_easy_cleanup(call->easy);
	buf_done(&call->request);
	buf_done(&call->head);
	buf_done(&call->body);
	free(call);
}

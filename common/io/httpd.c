// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/buf.h"
#include "io/httpd.h"
#include "io/listen.h"

#include <microhttpd.h>
#include <unistd.h>
#include <uv.h>

#define SPARE_MAX 256         /* request objects kept for reuse */
#define BODY_KEEP (16u << 10) /* bytes of body memory that a spare request keeps */
#define DISCARD_TIMES 16      /* a chunked body is read and dropped up to this many body_max, then cut off */
#define RUNS_MAX 4            /* passes over ready connections before the rest of the loop has its turn */
#define REPLY_HEAD_BYTES 4096 /* of a connection's memory, for the head of its answer */

struct request {
	struct httpd_request pub;
	struct httpd *server;
	struct MHD_Connection *connection;
	struct request *prev; /* among the unanswered */
	struct request *next; /* among the unanswered, the finished or the spare */
	struct buf body;
	size_t discarded;
	bool handed;
	bool suspended;
	bool answered;
};

struct httpd {
	struct httpd_options o;
	struct loop *loop;
	struct MHD_Daemon *daemon;
	uv_poll_t *poll;
	struct timer *timer; /* MHD's next time-out */
	struct timer *stop_timer;
	struct defer turn;
	struct request *unanswered;
	struct request *finished; /* answered while suspended, to be resumed */
	struct request *spare;
	size_t nspare;
	size_t pending;
	bool freed_place; /* a connection was closed: the listener may go on at the next pass */
	bool stopping;
	loop_fn *stopped;
	void *stopped_user;
	char address[LISTEN_ADDRESS_MAX];
};

/* ---- requests ---- */

static struct request *request_begin(
    struct httpd *d, struct MHD_Connection *c, const char *method, const char *path)
{
	struct request *rq = d->spare;

	if (rq) {
		struct buf body = rq->body;

		d->spare = rq->next;
		d->nspare--;
		*rq = (struct request){.body = body};
		buf_clear(&rq->body);
	} else {
		rq = mem_zalloc(sizeof *rq);
		buf_init(&rq->body, d->o.body_max);
	}
	rq->server = d;
	rq->connection = c;
	rq->pub.method = str_of(method);
	rq->pub.path = str_of(path);
	return rq;
}

static void request_end(struct request *rq)
{
	struct httpd *d = rq->server;

	if (rq->body.cap > BODY_KEEP)
		buf_done(&rq->body);
	if (d->nspare >= SPARE_MAX) {
		buf_done(&rq->body);
		free(rq);
		return;
	}
	rq->next = d->spare;
	d->spare = rq;
	d->nspare++;
}

static void unanswered_add(struct request *rq)
{
	struct httpd *d = rq->server;

	rq->prev = NULL;
	rq->next = d->unanswered;
	if (rq->next)
		rq->next->prev = rq;
	d->unanswered = rq;
}

static void unanswered_remove(struct request *rq)
{
	if (rq->prev)
		rq->prev->next = rq->next;
	else
		rq->server->unanswered = rq->next;
	if (rq->next)
		rq->next->prev = rq->prev;
	rq->next = NULL;
}

static void hand_over(struct request *rq)
{
	struct httpd *d = rq->server;

	rq->handed = true;
	rq->pub.body = buf_str(&rq->body);
	d->pending++;
	unanswered_add(rq);
	d->o.handler(d->o.user, &rq->pub);
	assert(rq->answered || !rq->pub.too_large);
	if (rq->answered)
		return;
	rq->suspended = true;
	MHD_suspend_connection(rq->connection);
}

static bool declared_too_large(struct MHD_Connection *c, size_t body_max)
{
	const char *text = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	int64_t length;

	return text && (!str_to_i64(str_of(text), &length) || length < 0 || (uint64_t)length > body_max);
}

/* What passes the ceiling is dropped, so that the client reads its 413, until that too is too much. */
static enum MHD_Result take_upload(struct request *rq, const char *data, size_t n)
{
	buf_add(&rq->body, data, n);
	if (buf_ok(&rq->body))
		return MHD_YES;
	rq->pub.too_large = true;
	rq->discarded += n;
	return rq->discarded / DISCARD_TIMES > rq->server->o.body_max ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *upload, size_t *upload_n, void **request)
{
	struct httpd *d = cls;
	struct request *rq = *request;

	(void)version;
	if (!rq) {
		*request = rq = request_begin(d, c, method, url);
		rq->pub.too_large = declared_too_large(c, d->o.body_max);
		if (rq->pub.too_large)
			hand_over(rq);
		return MHD_YES;
	}
	if (*upload_n > 0) {
		size_t n = *upload_n;

		*upload_n = 0;
		return take_upload(rq, upload, n);
	}
	if (rq->handed)
		return MHD_YES;
	if (rq->pub.too_large)
		buf_clear(&rq->body);
	hand_over(rq);
	return MHD_YES;
}

static void on_completed(
    void *cls, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode why)
{
	struct httpd *d = cls;
	struct request *rq = *request;

	(void)c;
	(void)why;
	if (!rq)
		return;
	*request = NULL;
	if (rq->handed)
		d->pending--;
	request_end(rq);
	if (d->stopping && d->pending == 0)
		timer_set(d->stop_timer, 0, 0);
}

static void on_connection(
    void *cls, struct MHD_Connection *c, void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct httpd *d = cls;

	(void)c;
	(void)socket_context;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		d->freed_place = true;
}

/* ---- the loop's side ---- */

static void resume_finished(struct httpd *d)
{
	while (d->finished) {
		struct request *rq = d->finished;

		d->finished = rq->next;
		rq->suspended = false;
		MHD_resume_connection(rq->connection);
	}
}

/*
 * MHD is run before the loop sleeps, never in its callbacks: a resumed connection wakes nothing by itself,
 * and a full batch of epoll events leaves ready connections behind without any further event.
 */
static void take_turn(void *user)
{
	struct httpd *d = user;
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;
	bool timed = true;

	for (int i = 0; i < RUNS_MAX && timed && wait_ms == 0; i++) {
		d->freed_place = false;
		resume_finished(d);
		MHD_run(d->daemon);
		timed = MHD_get_timeout(d->daemon, &wait_ms) == MHD_YES;
		if (d->freed_place || d->finished) {
			timed = true;
			wait_ms = 0;
		}
	}
	if (timed)
		timer_set(d->timer, (int64_t)MIN(wait_ms, (MHD_UNSIGNED_LONG_LONG)INT32_MAX), 0);
	else
		timer_stop(d->timer);
}

static void wake(void *user)
{
	struct httpd *d = user;

	loop_defer(d->loop, &d->turn);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	wake(poll->data);
}

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void on_stop(void *user)
{
	struct httpd *d = user;
	loop_fn *stopped = d->stopped;

	d->stopped = NULL;
	if (stopped)
		stopped(d->stopped_user);
}

/* ---- starting and stopping ---- */

static struct MHD_Daemon *start_daemon(struct httpd *d, int fd)
{
	unsigned idle_s = (unsigned)((d->o.idle_ms + 999) / 1000);

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_access, d,
	    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, d->o.max_connections,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, d->o.head_max + REPLY_HEAD_BYTES,
	    MHD_OPTION_CONNECTION_TIMEOUT, idle_s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, d,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, d, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static void start_polling(struct httpd *d)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(d->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	d->poll = mem_zalloc(sizeof *d->poll);
	d->poll->data = d;
	uv_poll_init(loop_uv(d->loop), d->poll, info->epoll_fd);
	uv_poll_start(d->poll, UV_READABLE, on_poll);
}

struct httpd *httpd_new(struct loop *loop, const struct httpd_options *o, struct err *err)
{
	char address[LISTEN_ADDRESS_MAX];
	int fd = listen_open(o->listen, address, err);

	if (fd < 0)
		return NULL;
	struct httpd *d = mem_zalloc(sizeof *d);
	d->o = *o;
	d->loop = loop;
	memcpy(d->address, address, sizeof address);
	d->daemon = start_daemon(d, fd);
	if (!d->daemon) {
		err_set(err, RC_IO, "listen on \"%s\": the HTTP server did not start", o->listen);
		close(fd);
		free(d);
		return NULL;
	}
	d->timer = timer_new(loop, wake, d);
	d->stop_timer = timer_new(loop, on_stop, d);
	d->turn = (struct defer){.fn = take_turn, .user = d};
	start_polling(d);
	wake(d);
	return d;
}

const char *httpd_address(const struct httpd *d)
{
	return d->address;
}

size_t httpd_pending(const struct httpd *d)
{
	return d->pending;
}

void httpd_stop(struct httpd *d, int64_t deadline_ms, loop_fn *stopped, void *user)
{
	d->stopped = stopped;
	d->stopped_user = user;
	timer_set(d->stop_timer, d->pending ? deadline_ms : 0, 0);
	if (d->stopping)
		return;
	d->stopping = true;
	MHD_socket fd = MHD_quiesce_daemon(d->daemon);
	if (fd != MHD_INVALID_SOCKET)
		close(fd);
	wake(d);
}

void httpd_free(struct httpd *d)
{
	if (!d)
		return;
	while (d->unanswered)
		httpd_answer(&d->unanswered->pub, 503, NULL, 0, (struct str){"", 0});
	resume_finished(d);
	MHD_run(d->daemon);
	uv_poll_stop(d->poll);
	uv_close((uv_handle_t *)d->poll, on_poll_closed);
	MHD_stop_daemon(d->daemon);
	loop_defer_cancel(d->loop, &d->turn);
	timer_free(d->timer);
	timer_free(d->stop_timer);
	while (d->spare) {
		struct request *rq = d->spare;

		d->spare = rq->next;
		buf_done(&rq->body);
		free(rq);
	}
	free(d);
}

/* ---- reading ---- */

static struct str lookup(const struct httpd_request *pub, enum MHD_ValueKind kind, const char *name)
{
	const struct request *rq = CONTAINER_OF(pub, struct request, pub);
	const char *value = NULL;
	size_t n = 0;

	if (MHD_lookup_connection_value_n(rq->connection, kind, name, strlen(name), &value, &n) != MHD_YES)
		return (struct str){NULL, 0};
	return value ? (struct str){value, n} : (struct str){"", 0};
}

struct str httpd_query(const struct httpd_request *rq, const char *name)
{
	return lookup(rq, MHD_GET_ARGUMENT_KIND, name);
}

struct str httpd_header(const struct httpd_request *rq, const char *name)
{
	return lookup(rq, MHD_HEADER_KIND, name);
}

struct query_walk {
	void (*fn)(void *user, struct str name, struct str value);
	void *user;
};

static enum MHD_Result on_query(
    void *cls, enum MHD_ValueKind kind, const char *name, size_t name_n, const char *value, size_t value_n)
{
	struct query_walk *walk = cls;

	(void)kind;
	walk->fn(walk->user, (struct str){name, name_n},
	    value ? (struct str){value, value_n} : (struct str){"", 0});
	return MHD_YES;
}

void httpd_query_each(
    const struct httpd_request *pub, void (*fn)(void *user, struct str name, struct str value), void *user)
{
	const struct request *rq = CONTAINER_OF(pub, struct request, pub);
	struct query_walk walk = {fn, user};

	MHD_get_connection_values_n(rq->connection, MHD_GET_ARGUMENT_KIND, on_query, &walk);
}

/* ---- answering ---- */

static void answer(struct request *rq, unsigned status, const struct httpd_header *headers, size_t nheaders,
    struct MHD_Response *res)
{
	struct httpd *d = rq->server;

	assert(rq->handed && !rq->answered);
	for (size_t i = 0; i < nheaders; i++)
		MHD_add_response_header(res, headers[i].name, headers[i].value);
	if (d->stopping)
		MHD_add_response_header(res, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_queue_response(rq->connection, status, res);
	MHD_destroy_response(res);
	rq->answered = true;
	unanswered_remove(rq);
	if (!rq->suspended)
		return;
	rq->next = d->finished;
	d->finished = rq;
	wake(d);
}

void httpd_answer(struct httpd_request *pub, unsigned status, const struct httpd_header *headers,
    size_t nheaders, struct str body)
{
	/* MHD copies; its interface predates const */
	void *bytes = (void *)(uintptr_t)body.p;

	answer(CONTAINER_OF(pub, struct request, pub), status, headers, nheaders,
	    MHD_create_response_from_buffer(body.n, bytes, MHD_RESPMEM_MUST_COPY));
}

void httpd_answer_take(struct httpd_request *pub, unsigned status, const struct httpd_header *headers,
    size_t nheaders, char *body, size_t n)
{
	answer(CONTAINER_OF(pub, struct request, pub), status, headers, nheaders,
	    MHD_create_response_from_buffer(n, body, MHD_RESPMEM_MUST_FREE));
}

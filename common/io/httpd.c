// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/httpd_private.h"

#include <unistd.h>

#define SPARE_MAX 256         /* request objects kept for reuse */
#define BODY_KEEP (16u << 10) /* bytes of body memory that a spare request keeps */
#define DISCARD_TIMES 16      /* a chunked body is read and dropped up to this many body_max, then cut off */
#define RUNS_MAX 4            /* passes over ready connections before the rest of the loop has its turn */
#define REPLY_HEAD_BYTES 4096 /* of a connection's memory, for the head of its answer */

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

void httpd_answered(struct request *rq)
{
	rq->answered = true;
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
	if (!rq)
		return;
	*request = NULL;
	if (rq->stream)
		httpd_stream_closed(rq->stream, why == MHD_REQUEST_TERMINATED_COMPLETED_OK);
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

static void resume_woken(struct httpd *d)
{
	while (d->woken) {
		struct request *rq = d->woken;

		d->woken = rq->next;
		rq->waking = false;
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
		resume_woken(d);
		MHD_run(d->daemon);
		timed = MHD_get_timeout(d->daemon, &wait_ms) == MHD_YES;
		if (d->freed_place || d->woken) {
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

void httpd_wake(struct request *rq)
{
	if (!rq->suspended || rq->waking)
		return;
	rq->waking = true;
	rq->next = rq->server->woken;
	rq->server->woken = rq;
	wake(rq->server);
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
	httpd_streams_end(d);
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
	httpd_streams_end(d);
	resume_woken(d);
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

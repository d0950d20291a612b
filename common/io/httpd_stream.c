// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/httpd_private.h"

#include <sys/socket.h>

#define BLOCK_BYTES 1024 /* MHD's own buffer of a response; chunked bodies do not use it */

struct httpd_stream {
	struct request *rq;
	struct httpd_stream_options o;
	struct buf out;
	size_t sent; /* bytes of `out` that MHD has taken */
	bool ending;
	bool slow;
	struct httpd_stream *prev;
	struct httpd_stream *next;
};

size_t httpd_stream_waiting(const struct httpd_stream *s)
{
	return s->out.n - s->sent;
}

/* What was taken goes out; a drained buffer's memory is given back, since most streams rest most of the time.
 */
static void settle(struct httpd_stream *s)
{
	if (httpd_stream_waiting(s) > 0)
		return;
	buf_done(&s->out);
	s->sent = 0;
}

/* MHD asks for bytes whenever the socket takes some; without any, the connection sleeps until it is woken. */
static ssize_t read_out(void *cls, uint64_t pos, char *to, size_t max)
{
	struct httpd_stream *s = cls;
	size_t n = MIN(httpd_stream_waiting(s), max);

	(void)pos;
	if (s->slow)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n > 0) {
		memcpy(to, s->out.p + s->sent, n);
		s->sent += n;
		settle(s);
		return (ssize_t)n;
	}
	if (s->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	s->rq->suspended = true;
	MHD_suspend_connection(s->rq->connection);
	return 0;
}

/* After a HEAD, MHD sends the end of a chunked body all the same. */
static struct MHD_Response *make_response(const struct request *rq, struct httpd_stream *s)
{
	if (str_is(rq->pub.method, "HEAD"))
		return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_out, s, NULL);
}

struct httpd_stream *httpd_answer_stream(struct httpd_request *pub, unsigned status,
    const struct httpd_header *headers, size_t nheaders, const struct httpd_stream_options *o)
{
	struct request *rq = CONTAINER_OF(pub, struct request, pub);
	struct httpd *d = rq->server;
	struct httpd_stream *s = mem_zalloc(sizeof *s);

	s->rq = rq;
	s->o = *o;
	s->ending = d->stopping;
	buf_init(&s->out, o->buffer_max);
	rq->stream = s;
	s->next = d->streams;
	if (s->next)
		s->next->prev = s;
	d->streams = s;
	httpd_respond(rq, status, headers, nheaders, make_response(rq, s));
	return s;
}

/* A full socket is never read from again, so that only its end wakes MHD. */
void httpd_stream_drop(struct httpd_stream *s)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    s->rq->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	s->slow = true;
	if (info)
		shutdown(info->connect_fd, SHUT_RDWR);
	httpd_wake(s->rq);
}

bool httpd_stream_write(struct httpd_stream *s, struct str bytes)
{
	if (s->slow || s->ending)
		return false;
	if (s->sent > 0) {
		memmove(s->out.p, s->out.p + s->sent, httpd_stream_waiting(s));
		s->out.n -= s->sent;
		s->sent = 0;
	}
	buf_add_str(&s->out, bytes);
	if (!buf_ok(&s->out)) {
		httpd_stream_drop(s);
		return false;
	}
	httpd_wake(s->rq);
	return true;
}

void httpd_stream_end(struct httpd_stream *s)
{
	s->ending = true;
	httpd_wake(s->rq);
}

void httpd_streams_end(struct httpd *d)
{
	for (struct httpd_stream *s = d->streams; s; s = s->next)
		httpd_stream_end(s);
}

void httpd_stream_closed(struct httpd_stream *s, bool whole)
{
	struct httpd *d = s->rq->server;

	if (s->prev)
		s->prev->next = s->next;
	else
		d->streams = s->next;
	if (s->next)
		s->next->prev = s->prev;
	s->o.gone(s->o.user, s->slow ? HTTPD_GONE_SLOW : whole ? HTTPD_GONE_ENDED : HTTPD_GONE_AWAY);
	buf_done(&s->out);
	free(s);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/httpd_private.h"

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

void httpd_respond(struct request *rq, unsigned status, const struct httpd_header *headers, size_t nheaders,
    struct MHD_Response *res)
{
	assert(rq->handed && !rq->answered);
	for (size_t i = 0; i < nheaders; i++)
		MHD_add_response_header(res, headers[i].name, headers[i].value);
	if (rq->server->stopping)
		MHD_add_response_header(res, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_queue_response(rq->connection, status, res);
	MHD_destroy_response(res);
	httpd_answered(rq);
	httpd_wake(rq);
}

void httpd_answer(struct httpd_request *pub, unsigned status, const struct httpd_header *headers,
    size_t nheaders, struct str body)
{
	/* MHD copies; its interface predates const */
	void *bytes = (void *)(uintptr_t)body.p;

	httpd_respond(CONTAINER_OF(pub, struct request, pub), status, headers, nheaders,
	    MHD_create_response_from_buffer(body.n, bytes, MHD_RESPMEM_MUST_COPY));
}

void httpd_answer_take(struct httpd_request *pub, unsigned status, const struct httpd_header *headers,
    size_t nheaders, char *body, size_t n)
{
	httpd_respond(CONTAINER_OF(pub, struct request, pub), status, headers, nheaders,
	    MHD_create_response_from_buffer(n, body, MHD_RESPMEM_MUST_FREE));
}

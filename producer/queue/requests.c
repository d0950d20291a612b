// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "requests.h"

#include "base/failpoint.h"
#include "base/json.h"
#include "base/log.h"
#include "batch.h"
#include "statements.h"
#include "sync/dead_letter.h"
#include "sync/messages.h"

#define HEADERS_MAX 24
#define INBOX_MAX 1000 /* messages that wait for the wave before them; then the consumer is paused */
#define AGAIN_MS 500
#define CLOSE_DEADLINE_MS 3000
#define FLUSH_MS 3000
#define REQUEST_ID_MAX 1024

/* One message until it is accepted or on the dead letter topic. */
struct held {
	struct requests *owner;
	struct kafka_message m; /* its slices are copies */
	struct kafka_header headers[HEADERS_MAX + DEAD_LETTER_OWN_HEADERS];
	size_t nheaders;
	struct batch_item item;
	char code[64]; /* why it is refused; empty: not (yet) */
	char *reason;
	bool retry; /* its last step failed for the moment */
	struct held *next;
};

struct requests {
	struct loop *loop;
	struct requests_options o;
	void (*on_error)(void *user, const char *text, bool fatal);
	struct kafka_consumer *consumer;
	struct kafka_producer *dead_letters;
	char *topic;
	char *dead_topic;
	struct held *inbox;
	struct held **inbox_tail;
	size_t ninbox;
	struct held *wave;
	size_t open; /* of the wave: neither accepted nor acknowledged as dead */
	struct timer *retry;
	struct defer start;
	bool stopped;
	uint64_t accepted;
	uint64_t refused;
};

/* ---- one message ---- */

static struct str copy(struct str s)
{
	return (struct str){s.p ? mem_strndup(s.p, s.n) : NULL, s.n};
}

static void free_slice(struct str s)
{
	free((char *)(uintptr_t)s.p);
}

static struct held *held_new(struct requests *r, const struct kafka_message *m)
{
	struct held *h = mem_zalloc(sizeof *h);

	h->owner = r;
	h->m = *m;
	h->m.topic = r->topic;
	h->m.native = NULL;
	h->m.key = copy(m->key);
	h->m.value = copy(m->value);
	h->item.args = PG_ARGS;
	h->nheaders = kafka_message_headers(m, h->headers, HEADERS_MAX);
	for (size_t i = 0; i < h->nheaders; i++) {
		h->headers[i].name = mem_strdup(h->headers[i].name);
		h->headers[i].value = copy(h->headers[i].value);
	}
	return h;
}

static void held_free(struct held *h)
{
	for (size_t i = 0; i < h->nheaders; i++) {
		free((char *)(uintptr_t)h->headers[i].name);
		free_slice(h->headers[i].value);
	}
	free_slice(h->m.key);
	free_slice(h->m.value);
	pg_args_done(&h->item.args);
	reply_done(&h->item.reply);
	free(h->reason);
	free(h);
}

static struct str header(const struct held *h, const char *name)
{
	for (size_t i = h->nheaders; i-- > 0;) {
		if (!strcmp(h->headers[i].name, name))
			return h->headers[i].value;
	}
	return (struct str){NULL, 0};
}

static void later(struct held *h)
{
	h->retry = true;
	timer_set(h->owner->retry, AGAIN_MS, 0);
}

static void commit_offsets(struct requests *r)
{
	FAILPOINT(requests_before_offset);
	for (struct held *h = r->wave; h; h = h->next) {
		bool last = true;

		for (struct held *k = h->next; k && last; k = k->next)
			last = k->m.partition != h->m.partition;
		if (last)
			kafka_done(r->consumer, r->topic, h->m.partition, h->m.offset);
	}
}

static void settled(struct held *h)
{
	struct requests *r = h->owner;

	if (--r->open)
		return;
	commit_offsets(r);
	while (r->wave) {
		struct held *next = r->wave->next;

		held_free(r->wave);
		r->wave = next;
	}
	loop_defer(r->loop, &r->start);
}

/* ---- refused ---- */

static void bury(struct held *h)
{
	struct requests *r = h->owner;
	struct kafka_header headers[HEADERS_MAX + DEAD_LETTER_OWN_HEADERS];
	struct dead_letter_text text;
	struct dead_letter why = {.topic = str_of(r->topic),
	    .partition = h->m.partition,
	    .offset = h->m.offset,
	    .stage = STR("VALIDATE"),
	    .class = str_of(h->code),
	    .message = str_of(h->reason)};
	struct err err;

	memcpy(headers, h->headers, sizeof headers);
	size_t n = dead_letter_headers(&h->m, &why, &text, headers, h->nheaders);
	if (kafka_send(r->dead_letters, r->dead_topic, h->m.key, h->m.value, headers, n, h, &err) != RC_OK) {
		log_event(LOG_LEVEL_WARN, "dead_letter_again", LOG_ERR(&err));
		later(h);
	}
}

static void buried(void *user, void *message_user, const char *error)
{
	struct held *h = message_user;

	(void)user;
	if (error) {
		log_event(LOG_LEVEL_WARN, "dead_letter_again", LOG_STR("error", error));
		later(h);
		return;
	}
	settled(h);
}

static void refuse(struct held *h, const char *code, const char *reason)
{
	struct requests *r = h->owner;

	r->refused++;
	log_event(LOG_LEVEL_WARN, "request_refused", LOG_INT("partition", h->m.partition),
	    LOG_INT("offset", h->m.offset), LOG_STR("code", code), LOG_STR("reason", reason));
	str_copy(h->code, sizeof h->code, code);
	h->reason = mem_strdup(reason);
	bury(h);
}

/* ---- accepted ---- */

/* The problem document that SQL made: its code and detail are the reason. */
static void refuse_problem(struct held *h)
{
	AUTO(json_put_ptr)
	json_object *doc = json_tokener_parse(h->item.reply.body ? h->item.reply.body : "");
	json_object *code = NULL;
	json_object *detail = NULL;

	json_object_object_get_ex(doc, "code", &code);
	json_object_object_get_ex(doc, "detail", &detail);
	refuse(h, code ? json_object_get_string(code) : "refused",
	    detail ? json_object_get_string(detail) : "refused");
}

static void answered(struct batch_item *item, const struct err *err)
{
	struct held *h = CONTAINER_OF(item, struct held, item);
	struct requests *r = h->owner;

	if (err) {
		log_event(LOG_LEVEL_WARN, "request_again", LOG_ERR(err));
		later(h);
		return;
	}
	if (item->reply.status >= 400) {
		refuse_problem(h);
		return;
	}
	r->accepted++;
	settled(h);
}

static void bind_resources(struct held *h, const struct sync_request *rq, size_t *ret_n)
{
	AUTO(buf_done) struct buf names = BUF(CATALOG_LIST_MAX);
	size_t n = rq->resources.n;

	for (size_t i = 0; i < n; i++)
		catalog_list_add(&names, rq->resources.item[i]);
	if (n == 0)
		n = catalog_list_resources(&h->owner->o.catalog, rq->provider, &names);
	pg_arg_text(&h->item.args, buf_str(&names));
	*ret_n = n;
}

static void bind_text(struct pg_args *a, struct str s)
{
	if (s.p)
		pg_arg_text(a, s);
	else
		pg_arg_null(a);
}

/* The event's source and id: what a repeated message has in common with the first. */
static void bind_request_id(struct held *h, const struct sync_request *rq)
{
	AUTO(buf_done) struct buf id = BUF(REQUEST_ID_MAX);

	buf_add_str(&id, rq->event_source);
	buf_add_char(&id, ' ');
	buf_add_str(&id, rq->event_id);
	bind_text(&h->item.args, rq->event_id.p ? buf_str(&id) : (struct str){NULL, 0});
}

static void accept(struct held *h, const struct sync_request *rq)
{
	struct requests *r = h->owner;
	struct pg_args *a = &h->item.args;
	struct uuid sync_id = uuid_new();
	size_t tasks;

	pg_args_clear(a);
	reply_done(&h->item.reply);
	pg_arg_uuid(a, &sync_id);
	if (rq->has_tenant)
		pg_arg_uuid(a, &rq->tenant_id);
	else
		pg_arg_null(a);
	bind_request_id(h, rq);
	pg_arg_uuid(a, &rq->connection_id);
	pg_arg_text(a, rq->provider);
	bind_resources(h, rq, &tasks);
	pg_arg_text(a, str_of(sync_mode_name(rq->mode)));
	bind_text(a, rq->traceparent);
	pg_arg_bool(a, r->o.may_dispatch(r->o.user, rq->provider, tasks));
	pg_arg_text(a, str_of(sync_priority_name(rq->priority)));
	pg_arg_text(a, str_of(sync_conflict_name(rq->on_conflict)));
	h->item.statement = &sql_intake_accept;
	h->item.done = answered;
	h->item.tries = 0;
	FAILPOINT(requests_before_commit);
	batch_add(r->o.batch, &h->item);
}

/* False, with the reason, when the provider or a resource is not declared. */
static bool declared(
    const struct requests *r, const struct sync_request *rq, struct buf *reason, const char **ret_code)
{
	const struct catalog *c = &r->o.catalog;

	if (!catalog_has_provider(c, rq->provider)) {
		*ret_code = "unknown_provider";
		buf_printf(reason, "/provider: no provider \"%.*s\"; there are: ", STR_ARG(rq->provider));
		catalog_name_providers(c, reason);
		return false;
	}
	for (size_t i = 0; i < rq->resources.n; i++) {
		if (catalog_has_resource(c, rq->provider, rq->resources.item[i]))
			continue;
		*ret_code = "unknown_resource";
		buf_printf(reason, "/resources/%zu: %.*s has no resource \"%.*s\"; there are: ", i,
		    STR_ARG(rq->provider), STR_ARG(rq->resources.item[i]));
		catalog_name_resources(c, rq->provider, reason);
		return false;
	}
	return true;
}

static void process(struct held *h)
{
	struct request_headers headers = {header(h, "content-type"), header(h, "ce_specversion"),
	    header(h, "ce_id"), header(h, "ce_source"), header(h, "ce_type"), header(h, "traceparent")};
	AUTO(buf_done) struct buf reason = BUF(ERR_TEXT_MAX);
	const char *code = "";
	struct sync_request rq;
	struct json_problem problem;

	h->retry = false;
	if (h->code[0]) {
		bury(h);
		return;
	}
	if (request_decode(h->m.value, &headers, &rq, &problem) != RC_OK) {
		refuse(h, "invalid_request", problem.err.text);
		return;
	}
	if (declared(h->owner, &rq, &reason, &code))
		accept(h, &rq);
	else
		refuse(h, code, buf_text(&reason));
	sync_request_done(&rq);
}

/* ---- waves ---- */

static void retry(void *user)
{
	struct requests *r = user;

	for (struct held *h = r->wave, *next; h; h = next) {
		next = h->next;
		if (h->retry)
			process(h);
	}
}

static void start_wave(void *user)
{
	struct requests *r = user;

	if (r->wave || !r->inbox)
		return;
	r->wave = TAKE(r->inbox);
	r->inbox_tail = &r->inbox;
	r->open = r->ninbox;
	r->ninbox = 0;
	kafka_consumer_pause(r->consumer, r->stopped);
	for (struct held *h = r->wave, *next; h; h = next) {
		next = h->next;
		process(h);
	}
}

static void received(void *user, const struct kafka_message *m)
{
	struct requests *r = user;

	if (r->stopped)
		return;
	struct held *h = held_new(r, m);
	*r->inbox_tail = h;
	r->inbox_tail = &h->next;
	if (++r->ninbox >= INBOX_MAX)
		kafka_consumer_pause(r->consumer, true);
	loop_defer(r->loop, &r->start);
}

void requests_stop(struct requests *r)
{
	r->stopped = true;
	kafka_consumer_pause(r->consumer, true);
}

bool requests_assigned(const struct requests *r)
{
	return kafka_assigned(r->consumer) > 0;
}

void requests_counts(const struct requests *r, uint64_t *ret_accepted, uint64_t *ret_refused)
{
	*ret_accepted = r->accepted;
	*ret_refused = r->refused;
}

static void kafka_error(void *user, const char *text, bool fatal)
{
	struct requests *r = user;

	r->on_error(r->o.user, text, fatal);
}

struct requests *requests_new(struct loop *loop, const struct requests_options *o, struct err *err)
{
	struct requests *r = mem_zalloc(sizeof *r);

	r->loop = loop;
	r->o = *o;
	r->on_error = o->kafka.on_error;
	r->o.kafka.on_error = kafka_error;
	r->o.kafka.user = r;
	r->inbox_tail = &r->inbox;
	r->start = (struct defer){.fn = start_wave, .user = r};
	r->retry = timer_new(loop, retry, r);
	r->topic = mem_printf("%ssync.requests", o->topic_prefix);
	r->dead_topic = mem_printf("%ssync.requests.dlq", o->topic_prefix);
	r->dead_letters = kafka_producer_new(loop, &r->o.kafka, buried, err);
	const char *topic = r->topic;
	if (r->dead_letters)
		r->consumer = kafka_consumer_new(loop, &r->o.kafka, o->group, &topic, 1, received, err);
	if (!r->consumer) {
		requests_free(r);
		return NULL;
	}
	return r;
}

static void free_list(struct held *h)
{
	while (h) {
		struct held *next = h->next;

		held_free(h);
		h = next;
	}
}

void requests_free(struct requests *r)
{
	if (!r)
		return;
	kafka_consumer_free(r->consumer, CLOSE_DEADLINE_MS);
	kafka_producer_free(r->dead_letters, FLUSH_MS);
	loop_defer_cancel(r->loop, &r->start);
	timer_free(r->retry);
	free_list(r->wave);
	free_list(r->inbox);
	free(r->topic);
	free(r->dead_topic);
	free(r);
}

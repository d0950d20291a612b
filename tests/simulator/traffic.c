// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "dial.h"
#include "json.h"
#include "simulator.h"

#include <sys/resource.h>

enum {
	TEXT_ACCOUNT,
	TEXT_METHOD,
	TEXT_PATH,
	TEXT_QUERY,
	TEXTS,
};

void traffic_init(struct traffic *t, uint64_t entries)
{
	*t = (struct traffic){.ring = mem_array((size_t)entries, sizeof(struct entry)), .size = entries};
}

static void traffic_clear(struct traffic *t)
{
	for (uint64_t i = 0; i < MIN(t->seq, t->size); i++) {
		free(t->ring[i].text);
		t->ring[i].text = NULL;
	}
	t->seq = 0;
}

void traffic_done(struct traffic *t)
{
	traffic_clear(t);
	free(t->ring);
}

void traffic_reset(struct traffic *t)
{
	struct counters *c = &t->count;

	traffic_clear(t);
	*c = (struct counters){.conns = c->conns, .max_conns = c->conns, .in_flight = c->in_flight};
	c->max_in_flight = c->in_flight;
}

static char *entry_text(const struct exchange *ex)
{
	const struct str parts[TEXTS] = {[TEXT_ACCOUNT] = str_of(ex->account ? ex->account->name : ""),
	    [TEXT_METHOD] = ex->req.method,
	    [TEXT_PATH] = ex->req.path,
	    [TEXT_QUERY] = ex->req.query};
	size_t n = TEXTS;

	for (size_t i = 0; i < TEXTS; i++)
		n += parts[i].n;
	char *text = mem_alloc(n);
	char *at = text;
	for (size_t i = 0; i < TEXTS; i++) {
		if (parts[i].n)
			memcpy(at, parts[i].p, parts[i].n);
		at[parts[i].n] = '\0';
		at += parts[i].n + 1;
	}
	return text;
}

static void status_count(struct counters *c, int status)
{
	c->requests++;
	c->e400 += status == 400;
	c->e401 += status == 401;
	c->e404 += status == 404;
	c->e429 += status == 429;
	c->e5xx += status >= 500;
	c->abandoned += status == 0 || status == 499;
}

void traffic_add(struct traffic *t, const struct exchange *ex, int status)
{
	struct entry *e = &t->ring[t->seq % t->size];

	t->seq++;
	status_count(&t->count, status);
	free(e->text);
	*e = (struct entry){
	    .began_ms = ex->began_ms,
	    .text = entry_text(ex),
	    .dials = ex->dials,
	    .took_ms = (uint32_t)(clock_unix_us() / 1000 - ex->began_ms),
	    .status = status,
	    .in_flight = ex->account ? ex->account->in_flight : 0,
	    .in_flight_all = t->count.in_flight,
	};
}

static void entry_write(const struct entry *e, uint64_t seq, struct buf *ret)
{
	static const char *const names[TEXTS] = {"account", "method", "path", "query"};
	const char *text = e->text;

	buf_printf(ret, "{\"seq\":%" PRIu64 ",\"ms\":%" PRId64, seq, e->began_ms);
	for (size_t i = 0; i < TEXTS; i++) {
		buf_printf(ret, ",\"%s\":", names[i]);
		json_string(ret, str_of(text));
		text += strlen(text) + 1;
	}
	buf_printf(ret, ",\"status\":%d,\"took_ms\":%u,\"dials\":[", e->status, e->took_ms);
	dials_write_names(e->dials, ret);
	buf_printf(ret, "],\"in_flight\":%u,\"in_flight_all\":%u}\n", e->in_flight, e->in_flight_all);
}

void traffic_write(
    const struct traffic *t, uint64_t after, uint64_t limit, const char *account, struct buf *ret)
{
	uint64_t oldest = t->seq > t->size ? t->seq - t->size : 0;

	for (uint64_t seq = MAX(after, oldest); seq < t->seq && limit; seq++) {
		const struct entry *e = &t->ring[seq % t->size];

		if (account && strcmp(account, e->text) != 0)
			continue;
		entry_write(e, seq + 1, ret);
		limit--;
	}
}

void traffic_write_stats(const struct traffic *t, struct buf *ret)
{
	const struct counters *c = &t->count;
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	double cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	buf_printf(ret,
	    "{\"requests\":%" PRIu64 ",\"pages\":%" PRIu64 ",\"records\":%" PRIu64 ",\"bytes\":%" PRIu64,
	    c->requests, c->pages, c->records, c->bytes);
	buf_printf(ret, ",\"e400\":%" PRIu64 ",\"e401\":%" PRIu64 ",\"e404\":%" PRIu64 ",\"e429\":%" PRIu64,
	    c->e400, c->e401, c->e404, c->e429);
	buf_printf(ret, ",\"e5xx\":%" PRIu64 ",\"abandoned\":%" PRIu64 ",\"tokens\":%" PRIu64, c->e5xx,
	    c->abandoned, c->tokens);
	buf_printf(ret, ",\"bad_refresh\":%" PRIu64 ",\"conns\":%u,\"max_conns\":%u", c->bad_refresh,
	    c->conns, c->max_conns);
	buf_printf(ret, ",\"inflight\":%u,\"max_inflight\":%u,\"log_seq\":%" PRIu64 ",\"cpu_s\":%.2f}\n",
	    c->in_flight, c->max_in_flight, t->seq, cpu_s);
}

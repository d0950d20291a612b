// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "jwks_source.h"

#include "base/log.h"
#include "base/metrics.h"
#include "io/http.h"

#include <errno.h>

#define TIMEOUT_MS 10000
#define FIRST_RETRY_MS 1000 /* while there is no set at all, nobody can be let in */

static const struct metric_family_def loads_total = {.name = "key_set_loads_total",
    .kind = METRIC_COUNTER,
    .help = "Times that the key set for users' tokens was read.",
    .labels = {"outcome"}};

struct jwks_source {
	struct loop *loop;
	struct jwks_source_options o;
	struct timer *refresh;
	struct defer tell;
	struct http_call *call; /* NULL: none is under way */
	struct jwks *set;
	struct jwks_wait *waits;
	int64_t begun_ms; /* the last try */
	bool failing;     /* told in the log */
};

bool jwks_is_url(const char *location)
{
	return str_starts(str_of(location), STR("https://")) || str_starts(str_of(location), STR("http://"));
}

struct jwks *jwks_read_file(const char *path, struct err *err)
{
	AUTO(buf_done) struct buf text = BUF(JWKS_BYTES_MAX + 1);
	char *at = buf_reserve(&text, JWKS_BYTES_MAX + 1);
	FILE *file = fopen(path, "re");

	if (!file) {
		err_set(err, RC_IO, "key set %s: %s", path, strerror(errno));
		return NULL;
	}
	size_t n = fread(at, 1, JWKS_BYTES_MAX + 1, file);
	bool bad = ferror(file) != 0;
	(void)fclose(file);
	if (bad) {
		err_set(err, RC_IO, "key set %s: it cannot be read", path);
		return NULL;
	}
	return jwks_parse((struct str){at, n}, err);
}

/* ---- the outcome ---- */

static void tell(void *user)
{
	struct jwks_source *s = user;
	struct jwks_wait *wait = s->waits;

	s->waits = NULL;
	while (wait) {
		struct jwks_wait *next = wait->next;

		wait->done(wait);
		wait = next;
	}
}

static void learn(struct jwks_source *s, struct jwks *set, const struct err *err)
{
	if (set) {
		jwks_free(s->set);
		s->set = set;
		log_event(s->failing ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG, "key_set_loaded",
		    LOG_INT("keys", (int64_t)jwks_count(set)));
	} else if (!s->failing) {
		log_event(
		    LOG_LEVEL_WARN, "key_set_failed", LOG_BOOL("old_in_use", s->set != NULL), LOG_ERR(err));
	}
	s->failing = !set;
	metric_add(
	    metric_series(metrics_family(&loads_total), (const char *[]){set ? "loaded" : "failed"}), 1);
	loop_defer(s->loop, &s->tell);
}

static void on_fetched(void *user, const struct http_response *res, const struct err *err)
{
	struct jwks_source *s = user;
	struct err why = {0};
	struct jwks *set = NULL;

	s->call = NULL;
	if (!res)
		why = *err;
	else if (res->status != 200)
		err_set(&why, RC_IO, "key set: the answer's status is %d", res->status);
	else
		set = jwks_parse(buf_str(res->body), &why);
	learn(s, set, &why);
}

static void look(void *user)
{
	struct jwks_source *s = user;
	struct err err = {0};

	if (s->call)
		return;
	s->begun_ms = loop_now_ms(s->loop);
	if (!jwks_is_url(s->o.location)) {
		struct jwks *set = jwks_read_file(s->o.location, &err);

		learn(s, set, &err);
		return;
	}
	s->call = http_send(s->o.http,
	    &(struct http_request){.method = "GET",
	        .url = s->o.location,
	        .headers = (const char *const[]){"Accept: application/json"},
	        .nheaders = 1,
	        .timeout_ms = TIMEOUT_MS},
	    on_fetched, s);
}

struct jwks_source *jwks_source_new(struct loop *loop, const struct jwks_source_options *o)
{
	struct jwks_source *s = mem_zalloc(sizeof *s);

	s->loop = loop;
	s->o = *o;
	s->tell = (struct defer){.fn = tell, .user = s};
	s->refresh = timer_new(loop, look, s);
	timer_set(s->refresh, o->refresh_ms, o->refresh_ms);
	look(s);
	return s;
}

void jwks_source_free(struct jwks_source *s)
{
	if (!s)
		return;
	if (s->call)
		http_cancel(s->call);
	loop_defer_cancel(s->loop, &s->tell);
	timer_free(s->refresh);
	jwks_free(s->set);
	free(s);
}

const struct jwks *jwks_source_keys(const struct jwks_source *s)
{
	return s->set;
}

bool jwks_source_refetch(struct jwks_source *s, struct jwks_wait *wait)
{
	int64_t pause_ms = s->set ? s->o.refetch_ms : MIN(s->o.refetch_ms, FIRST_RETRY_MS);

	if (!s->call && !s->tell.queued && loop_now_ms(s->loop) - s->begun_ms < pause_ms)
		return false;
	wait->next = s->waits;
	s->waits = wait;
	if (!s->tell.queued)
		look(s);
	return true;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "tokens.h"

#include "base/clock.h"
#include "base/log.h"
#include "breaker.h"
#include "io/crypto.h"
#include "io/pg.h"
#include "secret.h"
#include "statements.h"
#include "sync/oauth.h"
#include "task.h"
#include "worker.h"

#define LOOK_AGAIN_MS 250 /* another process holds the lease */
#define RENEWALS 3        /* of a lease in its time, while the call is under way */
#define PATIENCE_MS 1000  /* at least so long a task waits for a refresh in its slot */
#define THROTTLED_MS                                                                                         \
	60000 /* a token endpoint that does not say how long: limits are by minutes (Zoho: 10 in 10) */
#define STORE_AGAIN_MS 200 /* the new pair could not be stored: the old one may be spent */

/* One refresh, or the wait for somebody else's. It outlives its task: a pair that was issued must be stored.
 */
struct refresh {
	struct tokens *owner;
	struct task *task; /* NULL: nobody waits any more */
	struct secret_place place;
	const struct provider *provider;
	int64_t version; /* that is not good any more */
	struct str origin;
	char *external_id;
	json_object *settings;
	json_object *secret;
	struct buf sealed;
	char *settings_change; /* JSON */
	int64_t expires_us;
	int64_t patience_ms;  /* until when the task waits in its slot */
	bool unfinished;      /* the lease before ours ran out: its owner may hold the good pair */
	int64_t doubt_end_ms; /* refused, and this long not believed; 0: no */
	char refusal[OAUTH_REASON_MAX];
	struct timer *timer;
	loop_fn *after_timer;
	struct http_call *call;
	struct refresh *next;
};

struct tokens {
	struct worker *worker;
	struct refresh *refreshes;
	struct pg_args args;
};

static void take_lease(void *user);
static void store(void *user);
static void read_row(void *user);
static void refuse(struct refresh *r);

/* ---- the end of a refresh ---- */

static void refresh_free(struct refresh *r)
{
	struct refresh **at = &r->owner->refreshes;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (r->call)
		http_cancel(r->call);
	timer_free(r->timer);
	json_object_put(r->settings);
	json_object_put(r->secret);
	buf_done(&r->sealed);
	free(r->settings_change);
	free(r->external_id);
	free(r);
}

static struct verdict verdict_make(enum verdict_class class, int64_t wait_ms, const char *reason)
{
	struct verdict v = {.class = class, .wait_ms = wait_ms};

	str_copy(v.reason, sizeof v.reason, reason);
	return v;
}

/* The refresh goes on without the task. */
static void dismiss(struct refresh *r, const struct verdict *v)
{
	struct task *t = r->task;

	r->task = NULL;
	if (!t)
		return;
	t->refreshing = false;
	task_token_ready(t, v);
}

static void finish_with(struct refresh *r, const struct verdict *v)
{
	struct task *t = r->task;

	if (t)
		t->refreshing = false;
	refresh_free(r);
	if (t)
		task_token_ready(t, v);
}

static void finish(struct refresh *r, enum verdict_class class, const char *reason)
{
	struct verdict v = verdict_make(class, 0, reason);

	finish_with(r, &v);
}

static void again(struct refresh *r, int64_t ms, loop_fn *fn)
{
	r->after_timer = fn;
	timer_set(r->timer, ms, 0);
}

static void timer_over(void *user)
{
	struct refresh *r = user;

	r->after_timer(r);
}

static void ids(struct refresh *r)
{
	pg_args_clear(&r->owner->args);
	pg_arg_uuid(&r->owner->args, &r->place.connection_id);
}

/* Throttled: the whole fleet waits, not each of the account's tasks anew. */
static void release_with(struct refresh *r, const struct verdict *v)
{
	ids(r);
	pg_arg_uuid(&r->owner->args, &r->owner->worker->id);
	pg_arg_i64(&r->owner->args, v->class == VERDICT_THROTTLED ? v->wait_ms : 0);
	pg_query(r->owner->worker->control, &sql_token_release, &r->owner->args, NULL, NULL);
	finish_with(r, v);
}

static void release(struct refresh *r, enum verdict_class class, const char *reason)
{
	struct verdict v = verdict_make(class, 0, reason);

	release_with(r, &v);
}

/* ---- what the row says ---- */

/* Longer waits for somebody else's refresh are not for a slot. */
static void free_slot(struct refresh *r)
{
	int64_t park_ms = r->owner->worker->settings.retry_park_after_ms;

	if (!r->task || clock_mono_ms() < r->patience_ms)
		return;
	struct verdict v = verdict_make(
	    VERDICT_THROTTLED, park_ms + PATIENCE_MS, "another worker refreshes the token");
	dismiss(r, &v);
}

static void row_unchanged(struct refresh *r, bool reauthorize, int64_t throttled_ms)
{
	struct verdict throttled = verdict_make(
	    VERDICT_THROTTLED, throttled_ms, "the token endpoint throttles this account");

	if (reauthorize) {
		finish(r, VERDICT_AUTH, "the account must be authorised again");
		return;
	}
	if (throttled_ms > 0) {
		finish_with(r, &throttled);
		return;
	}
	free_slot(r);
	if (!r->doubt_end_ms)
		again(r, LOOK_AGAIN_MS, take_lease);
	else if (clock_mono_ms() < r->doubt_end_ms)
		again(r, LOOK_AGAIN_MS, read_row);
	else
		refuse(r);
}

static void row_read(void *user, const struct pg_result *res, const struct err *err)
{
	struct refresh *r = user;
	AUTO(json_put_ptr) json_object *secret = NULL;
	struct err open_err;

	if (err || pg_rows(res) == 0) {
		row_unchanged(r, false, 0);
		return;
	}
	if (pg_i64(res, 0, 1) == r->version) {
		row_unchanged(r, pg_bool(res, 0, 3), pg_i64(res, 0, 4));
		return;
	}
	if (secret_read(&r->place, res, 0, 0, &secret, &open_err) != RC_OK) {
		finish(r, VERDICT_PERMANENT, open_err.text);
		return;
	}
	if (r->task)
		secret_use(r->task, secret, pg_i64(res, 0, 1), secret_expires_us(res, 0, 2));
	finish(r, VERDICT_OK, "");
}

static void read_row(void *user)
{
	struct refresh *r = user;

	ids(r);
	pg_query(r->owner->worker->control, &sql_token_read, &r->owner->args, row_read, r);
}

/* ---- the new pair ---- */

static void stored(void *user, const struct pg_result *res, const struct err *err)
{
	struct refresh *r = user;

	if (err) {
		log_event(LOG_LEVEL_ERROR, "token_store_again",
		    LOG_UUID("connection_id", &r->place.connection_id), LOG_ERR(err));
		again(r, STORE_AGAIN_MS, store);
		return;
	}
	if (pg_rows(res) ==
	    0) { /* stored by an earlier try whose answer was lost, or by somebody else: the row knows */
		read_row(r);
		return;
	}
	log_event(LOG_LEVEL_INFO, "token_refreshed", LOG_UUID("connection_id", &r->place.connection_id),
	    LOG_INT("token_version", pg_i64(res, 0, 0)));
	if (r->task)
		secret_use(r->task, r->secret, pg_i64(res, 0, 0), secret_expires_us(res, 0, 1));
	finish(r, VERDICT_OK, "");
}

static void store(void *user)
{
	struct refresh *r = user;
	struct pg_args *a = &r->owner->args;

	ids(r);
	pg_arg_i64(a, r->version);
	pg_arg_bytea(a, buf_str(&r->sealed));
	pg_arg_i64(a, r->expires_us - clock_unix_us());
	pg_arg_text(a, str_of(r->settings_change));
	pg_query(r->owner->worker->control, &sql_token_store, a, stored, r);
}

static void merge_settings(struct refresh *r, json_object *change)
{
	r->settings_change = mem_strdup(change ? json_object_to_json_string(change) : "{}");
	if (!change || !r->settings)
		return;
	json_object_object_foreach(change, name, value)
	{
		json_object_object_add(r->settings, name, json_object_get(value));
	}
}

static void refused(void *user, const struct pg_result *res, const struct err *err)
{
	struct refresh *r = user;

	if (!err && pg_affected(res) == 0)
		read_row(r); /* a newer pair is there already */
	else
		finish(r, VERDICT_AUTH,
		    "the provider refused the refresh: the account must be authorised again");
}

static void refuse(struct refresh *r)
{
	ids(r);
	pg_arg_i64(&r->owner->args, r->version);
	pg_arg_uuid(&r->owner->args, &r->owner->worker->id);
	pg_arg_text(&r->owner->args, str_of(r->refusal));
	pg_query(r->owner->worker->control, &sql_token_refused, &r->owner->args, refused, r);
}

static void doubted(void *user, const struct pg_result *res, const struct err *err)
{
	(void)res;
	(void)err;
	read_row(user);
}

/* The provider refuses the grant, perhaps because the owner of the unfinished lease has spent it and is only
 * slow. */
static void doubt(struct refresh *r)
{
	struct pg_args *a = &r->owner->args;
	int64_t lease_ms = r->owner->worker->settings.refresh_lease_ms;

	log_event(LOG_LEVEL_WARN, "token_suspect", LOG_UUID("connection_id", &r->place.connection_id));
	r->doubt_end_ms = clock_mono_ms() + lease_ms;
	ids(r);
	pg_arg_i64(a, r->version);
	pg_arg_uuid(a, &r->owner->worker->id);
	pg_arg_i64(a, lease_ms);
	pg_query(r->owner->worker->control, &sql_token_suspect, a, doubted, r);
}

static void take_answer(struct refresh *r, const struct oauth_answer *a)
{
	struct err err;

	oauth_secret_update(r->secret, a);
	r->expires_us = a->expires_at_us;
	merge_settings(r, a->settings);
	buf_init(&r->sealed, SECRET_MAX);
	if (secret_seal(&r->place, r->secret, &r->sealed, &err) != RC_OK)
		release(r, VERDICT_PERMANENT, err.text);
	else
		store(r);
}

static void release_answer(struct refresh *r, const struct oauth_answer *a)
{
	struct verdict v = verdict_make(a->class, a->wait_ms, a->reason);

	if (v.class == VERDICT_THROTTLED && v.wait_ms == 0)
		v.wait_ms = THROTTLED_MS;
	release_with(r, &v);
}

static void answered(void *user, const struct http_response *res, const struct err *err)
{
	struct refresh *r = user;
	struct oauth_answer a = {.class = VERDICT_TRANSIENT};

	r->call = NULL;
	timer_stop(r->timer);
	if (res)
		oauth_token_answer(r->provider, res, clock_unix_us(), &a);
	else
		str_copy(a.reason, sizeof a.reason, err->text);
	if (res || err->rc != RC_BUSY)
		breaker_count(r->owner->worker->breakers, r->provider, &r->place.connection_id,
		    r->task && r->task->probe, a.class == VERDICT_TRANSIENT ? a.reason : NULL);
	log_event(LOG_LEVEL_DEBUG, "token_answer", LOG_STR("class", verdict_class_name(a.class)),
	    LOG_STR("reason", a.reason));
	str_copy(r->refusal, sizeof r->refusal, a.reason);
	if (a.class == VERDICT_OK)
		take_answer(r, &a);
	else if (a.class == VERDICT_AUTH && r->unfinished)
		doubt(r);
	else if (a.class == VERDICT_AUTH)
		refuse(r);
	else
		release_answer(r, &a);
	oauth_answer_done(&a);
}

/* ---- the lease ---- */

/* An endpoint may be slower than the lease is long; a frozen process renews nothing. */
static void renew_lease(void *user)
{
	struct refresh *r = user;
	struct pg_args *a = &r->owner->args;
	int64_t lease_ms = r->owner->worker->settings.refresh_lease_ms;

	ids(r);
	pg_arg_i64(a, r->version);
	pg_arg_uuid(a, &r->owner->worker->id);
	pg_arg_i64(a, lease_ms);
	pg_query(r->owner->worker->control, &sql_token_renew, a, NULL, NULL);
	again(r, lease_ms / RENEWALS, renew_lease);
}

static void call(struct refresh *r)
{
	struct oauth_request rq = {0};
	struct err err;
	struct oauth_account account = {str_of(r->external_id), r->settings, r->secret, r->origin};

	if (oauth_refresh_request(r->provider, &account, &rq, &err) != RC_OK) {
		release(r, VERDICT_PERMANENT, err.text);
		return;
	}
	r->call = http_send(r->owner->worker->http,
	    &(struct http_request){.method = "POST",
	        .url = rq.url,
	        .headers = rq.headers,
	        .nheaders = rq.nheaders,
	        .body = rq.body,
	        .timeout_ms = rq.timeout_ms,
	        .once = true},
	    answered, r);
	oauth_request_done(&rq);
	again(r, r->owner->worker->settings.refresh_lease_ms / RENEWALS, renew_lease);
}

static void leased(void *user, const struct pg_result *res, const struct err *err)
{
	struct refresh *r = user;
	struct err open_err;

	if (err) {
		again(r, LOOK_AGAIN_MS, take_lease);
		return;
	}
	if (pg_rows(res) == 0) {
		read_row(r);
		return;
	}
	r->unfinished = pg_bool(res, 0, 1);
	if (secret_read(&r->place, res, 0, 0, &r->secret, &open_err) != RC_OK)
		release(r, VERDICT_PERMANENT, open_err.text);
	else
		call(r);
}

static void take_lease(void *user)
{
	struct refresh *r = user;
	struct pg_args *a = &r->owner->args;

	if (!r->task) {
		finish(r, VERDICT_OK, "");
		return;
	}
	ids(r);
	pg_arg_i64(a, r->version);
	pg_arg_uuid(a, &r->owner->worker->id);
	pg_arg_i64(a, r->owner->worker->settings.refresh_lease_ms);
	pg_query(r->owner->worker->control, &sql_token_lease, a, leased, r);
}

void tokens_refresh(struct tokens *tokens, struct task *t)
{
	struct refresh *r = mem_zalloc(sizeof *r);

	r->owner = tokens;
	r->task = t;
	r->place = secret_place_of(t);
	r->provider = t->walk.provider;
	r->version = t->token_version;
	r->origin = t->walk.origin;
	r->external_id = mem_strndup(t->external_id.p ? t->external_id.p : "", t->external_id.n);
	r->settings = json_object_get(t->account.settings);
	r->patience_ms = clock_mono_ms() + MAX(PATIENCE_MS, tokens->worker->settings.retry_park_after_ms);
	r->timer = timer_new(tokens->worker->loop, timer_over, r);
	r->next = tokens->refreshes;
	tokens->refreshes = r;
	t->refreshing = true;
	take_lease(r);
}

void tokens_forget(struct tokens *tokens, struct task *t)
{
	if (!t->refreshing)
		return;
	t->refreshing = false;
	for (struct refresh *r = tokens->refreshes; r; r = r->next) {
		if (r->task == t)
			r->task = NULL;
	}
}

struct tokens *tokens_new(struct worker *w)
{
	struct tokens *t = mem_zalloc(sizeof *t);

	t->worker = w;
	t->args = PG_ARGS;
	return t;
}

void tokens_free(struct tokens *t)
{
	if (!t)
		return;
	for (struct refresh *r = t->refreshes, *next; r; r = next) {
		next = r->next;
		r->call = NULL; /* the client is gone */
		refresh_free(r);
	}
	pg_args_done(&t->args);
	free(t);
}

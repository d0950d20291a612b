// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "intake.h"

#include "base/failpoint.h"
#include "base/json.h"
#include "base/log.h"
#include "claim.h"
#include "figures.h"
#include "heartbeat.h"
#include "io/kafka.h"
#include "io/gather.h"
#include "io/pg.h"
#include "statements.h"
#include "sync/messages.h"
#include "sync/topics.h"
#include "task.h"
#include "worker.h"

/*
 * Messages that wait here for a slot. Few bytes each, while pausing throws away what was prefetched, and
 * pausing often stalls the consumer; dispatching keeps the fleet's unclaimed messages below this long before.
 */
#define INBOX_MAX 4096
#define CLOSE_DEADLINE_MS 3000

/*
 * A provider's topic, with a consumer group of its own: one group over all topics balances the number of
 * partitions, and one worker may get all those of the only busy provider.
 */
struct source {
	struct intake *intake;
	char *topic;
	char *group;
	struct kafka_consumer *consumer;
};

struct message {
	struct uuid task_id;
	int64_t dispatch;
	struct source *source;
	int32_t partition;
	int64_t offset;
};

struct messages {
	struct message *at;
	size_t n;
	size_t cap;
};

struct intake {
	struct worker *worker;
	struct source *sources;
	size_t nsources;
	struct messages inbox;
	struct messages claiming;
	struct uuid claiming_as;
	struct gather start;
	struct pg_args args;
	bool stopped;
	bool drained;
	bool paused;
	bool busy;
	uint64_t unreadable;
	uint64_t refused;
};

static void messages_add(struct messages *list, const struct message *m)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? 2 * list->cap : 64;
		list->at = mem_realloc(list->at, list->cap * sizeof *list->at);
	}
	list->at[list->n++] = *m;
}

size_t intake_free_slots(const struct intake *in)
{
	size_t used = in->worker->ntasks + in->claiming.n;
	size_t slots = (size_t)in->worker->settings.slots;

	return used < slots ? slots - used : 0;
}

size_t intake_pending(const struct intake *in)
{
	return in->busy ? in->claiming.n : 0;
}

bool intake_is_claiming(const struct intake *in, const struct uuid *task_id)
{
	for (size_t i = 0; in->busy && i < in->claiming.n; i++) {
		if (uuid_eq(&in->claiming.at[i].task_id, task_id))
			return true;
	}
	return false;
}

bool intake_is_assigned(const struct intake *in)
{
	size_t assigned = 0;

	for (size_t i = 0; i < in->nsources; i++)
		assigned += kafka_assigned(in->sources[i].consumer);
	return assigned > 0;
}

static void regulate(struct intake *in)
{
	bool pause = in->stopped || in->inbox.n >= INBOX_MAX ||
	             (in->paused && in->inbox.n > INBOX_MAX - INBOX_MAX / 4);

	if (pause == in->paused)
		return;
	in->paused = pause;
	for (size_t i = 0; i < in->nsources; i++)
		kafka_consumer_pause(in->sources[i].consumer, pause);
}

/* A message that nobody can read is logged and its offset passed: the task's row is the truth, and the clock
 * repeats. */
static void received(void *user, const struct kafka_message *m)
{
	struct source *source = user;
	struct intake *in = source->intake;
	struct task_message task;
	struct json_problem problem;
	struct message message = {.source = source, .partition = m->partition, .offset = m->offset};

	if (in->stopped || in->drained)
		return;
	if (task_message_decode(m->value, &task, &problem) == RC_OK) {
		message.task_id = task.task_id;
		message.dispatch = task.dispatch;
		task_message_done(&task);
	} else {
		in->unreadable++;
		log_event(LOG_LEVEL_WARN, "message_unreadable", LOG_STR("topic", m->topic),
		    LOG_INT("partition", m->partition), LOG_INT("offset", m->offset), LOG_ERR(&problem.err));
	}
	messages_add(&in->inbox, &message);
	regulate(in);
	if (kafka_message_header(m, TASK_HEADER_MORE).p)
		gather_join(&in->start);
	else
		gather_wake(&in->start);
}

/* Offsets of a partition rise within a batch, so the last one of each is its watermark. */
static void commit_offsets(struct intake *in)
{
	const struct messages *list = &in->claiming;

	for (size_t i = 0; i < list->n; i++) {
		bool last = true;

		for (size_t k = i + 1; k < list->n && last; k++)
			last = list->at[k].source != list->at[i].source ||
			       list->at[k].partition != list->at[i].partition;
		if (last)
			kafka_done(list->at[i].source->consumer, list->at[i].source->topic,
			    list->at[i].partition, list->at[i].offset);
	}
}

static void claimed(void *user, const struct pg_result *res, const struct err *err)
{
	struct intake *in = user;
	struct worker *w = in->worker;

	in->busy = false;
	gather_rest(&in->start);
	if (err) {
		log_event(LOG_LEVEL_WARN, "claim_again", LOG_ERR(err));
		gather_wake(&in->start); /* the same messages; the session's return wakes it as well */
		worker_leave_when_idle(w);
		return;
	}
	FAILPOINT(claim_after_commit);
	bool ours = uuid_eq(
	    &in->claiming_as, &w->id); /* else declared dead meanwhile: the clock gives them to others */
	for (int i = 0; ours && i < pg_rows(res); i++)
		claim_begin(w, res, i);
	in->refused += in->claiming.n - (size_t)pg_rows(res);
	FAILPOINT(claim_before_offset);
	commit_offsets(in);
	in->claiming.n = 0;
	regulate(in);
	gather_wake(&in->start);
	worker_leave_when_idle(w);
}

/* As many messages as there are slots, the oldest first. */
static void take_from_inbox(struct intake *in)
{
	size_t n = MIN(in->inbox.n, intake_free_slots(in));

	for (size_t i = 0; i < n; i++)
		messages_add(&in->claiming, &in->inbox.at[i]);
	in->inbox.n -= n;
	if (in->inbox.n)
		memmove(in->inbox.at, in->inbox.at + n, in->inbox.n * sizeof *in->inbox.at);
	regulate(in);
}

static void claim(void *user)
{
	struct intake *in = user;
	struct worker *w = in->worker;
	struct pg_args *a = &in->args;

	if (in->busy || in->stopped || in->drained || !pg_is_up(w->control) ||
	    !heartbeat_is_fresh(w->heartbeat))
		return;
	if (in->claiming.n == 0)
		take_from_inbox(in);
	if (in->claiming.n == 0)
		return;
	in->busy = true;
	gather_begun(&in->start);
	in->claiming_as = w->id;
	pg_args_clear(a);
	pg_array_begin(a, PG_UUID);
	for (size_t i = 0; i < in->claiming.n; i++)
		pg_array_uuid(a, &in->claiming.at[i].task_id);
	pg_array_end(a);
	pg_array_begin(a, PG_INT8);
	for (size_t i = 0; i < in->claiming.n; i++)
		pg_array_i64(a, in->claiming.at[i].dispatch);
	pg_array_end(a);
	pg_arg_uuid(a, &w->id);
	pg_arg_i64(a, (int64_t)intake_free_slots(in));
	FAILPOINT(claim_before);
	pg_query(w->control, &sql_claim, a, claimed, in);
}

void intake_wake(struct intake *in)
{
	if (in)
		gather_wake(&in->start);
}

/* The offsets of what is dropped here are not committed: whoever gets the partition reads it again. */
void intake_drain(struct intake *in, bool drain)
{
	in->drained = drain;
	in->inbox.n = 0;
	if (!in->busy)
		in->claiming.n = 0;
	regulate(in);
	for (size_t i = 0; i < in->nsources; i++) {
		if (drain)
			kafka_consumer_leave(in->sources[i].consumer);
		else
			kafka_consumer_join(in->sources[i].consumer);
	}
}

void intake_stop(struct intake *in)
{
	in->stopped = true;
	regulate(in);
}

void intake_counts(const struct intake *in, uint64_t *ret_unreadable, uint64_t *ret_refused)
{
	*ret_unreadable = in->unreadable;
	*ret_refused = in->refused;
}

static void lag(void *user, const char *topic, int partition, int64_t messages)
{
	(void)user;
	figures_lag(topic, partition, messages);
}

static void kafka_error(void *user, const char *text, bool fatal)
{
	struct source *source = user;

	log_event(LOG_LEVEL_WARN, "kafka_error", LOG_STR("topic", source->topic), LOG_STR("error", text));
	if (fatal)
		worker_kafka_fatal(source->intake->worker, text);
}

static enum rc source_open(struct source *source, struct intake *in, const char *provider, struct err *err)
{
	const struct settings *s = &in->worker->settings;
	struct kafka_options options = {
	    .bootstrap = s->kafka_bootstrap,
	    .client_id = "sync-worker",
	    .properties = s->kafka_properties,
	    .on_error = kafka_error,
	    .on_lag = lag,
	    .user = source,
	};

	source->intake = in;
	source->topic = topics_tasks_name(s->kafka_topic_prefix, provider);
	source->group = mem_printf("%s.%s", s->kafka_group, provider);
	source->consumer = kafka_consumer_new(
	    in->worker->loop, &options, source->group, (const char *const *)&source->topic, 1, received, err);
	return source->consumer ? RC_OK : err->rc;
}

struct intake *intake_new(struct worker *w, struct err *err)
{
	struct intake *in = mem_zalloc(sizeof *in);

	in->worker = w;
	in->args = PG_ARGS;
	gather_init(&in->start, w->loop, GATHER_MS, claim, in);
	in->nsources = registry_count(w->registry);
	in->sources = mem_array(in->nsources, sizeof *in->sources);
	for (size_t i = 0; i < in->nsources; i++) {
		if (source_open(&in->sources[i], in, registry_at(w->registry, i)->name, err) == RC_OK)
			continue;
		intake_free(in);
		return NULL;
	}
	return in;
}

void intake_free(struct intake *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->nsources; i++) {
		kafka_consumer_free(in->sources[i].consumer, CLOSE_DEADLINE_MS);
		free(in->sources[i].topic);
		free(in->sources[i].group);
	}
	gather_done(&in->start);
	free(in->sources);
	free(in->inbox.at);
	free(in->claiming.at);
	pg_args_done(&in->args);
	free(in);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "io/kafka_watch.h"

#include <json-c/json.h>

struct progress {
	char *topic;
	int64_t partition;
	int64_t offset; /* next to be handed over */
	unsigned stuck; /* samples in which it did not move though there were messages */
};

struct kafka_watch {
	struct progress *at;
	size_t n;
};

struct sample {
	struct kafka_watch *watch;
	kafka_watch_lag *lag;
	void *user;
	bool stuck;
};

struct kafka_watch *kafka_watch_new(void)
{
	return mem_zalloc(sizeof(struct kafka_watch));
}

void kafka_watch_reset(struct kafka_watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->at[i].topic);
	free(w->at);
	*w = (struct kafka_watch){0};
}

void kafka_watch_free(struct kafka_watch *w)
{
	if (!w)
		return;
	kafka_watch_reset(w);
	free(w);
}

static struct progress *progress_of(struct kafka_watch *w, const char *topic, int64_t partition)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->at[i].partition == partition && !strcmp(w->at[i].topic, topic))
			return &w->at[i];
	}
	w->at = mem_realloc(w->at, (w->n + 1) * sizeof *w->at);
	w->at[w->n] = (struct progress){.topic = mem_strdup(topic), .partition = partition, .offset = -1};
	return &w->at[w->n++];
}

static int64_t number(json_object *object, const char *name)
{
	json_object *value;

	return json_object_object_get_ex(object, name, &value) ? json_object_get_int64(value) : -1;
}

static void take_partition(struct sample *s, const char *topic, int64_t id, json_object *partition)
{
	int64_t offset = number(partition, "app_offset");
	int64_t end = number(partition, "ls_offset");
	struct progress *p = progress_of(s->watch, topic, id);

	if (s->lag)
		s->lag(s->user, topic, (int)id, number(partition, "consumer_lag"));
	p->stuck = offset >= 0 && offset < end && offset == p->offset ? p->stuck + 1 : 0;
	p->offset = offset;
	s->stuck = s->stuck || p->stuck >= KAFKA_WATCH_SAMPLES;
}

static void take_topic(struct sample *s, const char *topic, json_object *details)
{
	json_object *partitions;

	if (!json_object_object_get_ex(details, "partitions", &partitions))
		return;
	json_object_object_foreach(partitions, text, partition)
	{
		int64_t id;

		if (str_to_i64(str_of(text), &id) && id >= 0)
			take_partition(s, topic, id, partition);
	}
}

bool kafka_watch_sample(struct kafka_watch *w, const char *json, kafka_watch_lag *lag, void *user)
{
	struct sample s = {.watch = w, .lag = lag, .user = user};
	json_object *root = json_tokener_parse(json);
	json_object *topics;

	if (root && json_object_object_get_ex(root, "topics", &topics)) {
		json_object_object_foreach(topics, topic, details)
		{
			take_topic(&s, topic, details);
		}
	}
	json_object_put(root);
	return s.stuck;
}

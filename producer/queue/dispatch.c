// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "dispatch.h"

#include <json-c/json.h>

#include "base/failpoint.h"
#include "base/json.h"
#include "sync/messages.h"
#include "sync/topics.h"

struct room {
	const char *provider;
	char *topic;
	int64_t room;
	bool backlog;
	json_object *held; /* its last message, until it is known whether another follows */
};

struct dispatch {
	struct kafka_producer *kafka;
	struct room *rooms;
	size_t n;
	uint64_t sent;
	uint64_t refused;
};

static struct room *room_of(struct dispatch *d, struct str provider)
{
	for (size_t i = 0; i < d->n; i++) {
		if (str_is(provider, d->rooms[i].provider))
			return &d->rooms[i];
	}
	return NULL;
}

struct dispatch *dispatch_new(
    const struct registry *registry, struct kafka_producer *kafka, const char *topic_prefix)
{
	struct dispatch *d = mem_zalloc(sizeof *d);

	d->kafka = kafka;
	d->n = registry_count(registry);
	d->rooms = mem_array(d->n, sizeof *d->rooms);
	for (size_t i = 0; i < d->n; i++) {
		d->rooms[i].provider = registry_at(registry, i)->name;
		d->rooms[i].topic = topics_tasks_name(topic_prefix, d->rooms[i].provider);
		kafka_spread_topic(kafka, d->rooms[i].topic); /* any worker may claim any task */
	}
	return d;
}

void dispatch_free(struct dispatch *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++)
		free(d->rooms[i].topic);
	free(d->rooms);
	free(d);
}

static struct str member(json_object *object, const char *name)
{
	json_object *value;

	if (!json_object_object_get_ex(object, name, &value) || !value)
		return (struct str){NULL, 0};
	return (struct str){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
}

static void send_held(struct dispatch *d, struct room *room, bool more)
{
	AUTO(json_put_ptr) json_object *message = TAKE(room->held);
	struct kafka_header headers[8];
	struct str traceparent = member(message, "traceparent");
	size_t n = 0;

	headers[n++] = (struct kafka_header){"content-type", STR("application/json")};
	headers[n++] = (struct kafka_header){"ce_specversion", STR("1.0")};
	headers[n++] = (struct kafka_header){"ce_id", member(message, "id")};
	headers[n++] = (struct kafka_header){"ce_source", STR("/sync-fleet")};
	headers[n++] = (struct kafka_header){"ce_type", STR("io.syncfleet.task.dispatched.v1")};
	if (traceparent.p)
		headers[n++] = (struct kafka_header){"traceparent", traceparent};
	if (more)
		headers[n++] = (struct kafka_header){TASK_HEADER_MORE, STR("1")};
	if (kafka_send(d->kafka, room->topic, member(message, "key"), member(message, "value"), headers, n,
	        NULL, NULL) == RC_OK)
		d->sent++;
	else
		d->refused++;
	FAILPOINT(dispatch_after_produce);
}

static void hold(struct dispatch *d, json_object *message)
{
	struct room *room = room_of(d, member(message, "provider"));

	if (!room) {
		d->refused++;
		return;
	}
	if (room->held)
		send_held(d, room, true);
	room->held = json_object_get(message);
}

static void hold_all(struct dispatch *d, struct str messages_json)
{
	AUTO(json_put_ptr)
	json_object *messages = messages_json.n ? json_tokener_parse(messages_json.p) : NULL;

	if (messages)
		FAILPOINT(dispatch_after_commit);
	for (size_t i = 0; messages && i < json_object_array_length(messages); i++)
		hold(d, json_object_array_get_idx(messages, i));
}

void dispatch_send(struct dispatch *d, const struct str *messages_json, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hold_all(d, messages_json[i]);
	for (size_t i = 0; i < d->n; i++) {
		if (d->rooms[i].held)
			send_held(d, &d->rooms[i], false);
	}
}

void dispatch_set_room(struct dispatch *d, struct str provider, int64_t room, bool backlog)
{
	struct room *r = room_of(d, provider);

	if (!r)
		return;
	r->room = room;
	r->backlog = backlog;
}

bool dispatch_take_room(struct dispatch *d, struct str provider, size_t tasks)
{
	struct room *r = room_of(d, provider);

	if (!r || r->backlog || r->room < (int64_t)tasks) {
		if (r)
			r->backlog =
			    true; /* from now on everybody stands in line, until the clock has looked */
		return false;
	}
	r->room -= (int64_t)tasks;
	return true;
}

void dispatch_counts(const struct dispatch *d, uint64_t *ret_sent, uint64_t *ret_refused)
{
	*ret_sent = d->sent;
	*ret_refused = d->refused;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/topics.h"

#define DEADLINE_MS 15000

/* Takes `name`. */
static void add(struct topics *t, char *name)
{
	t->name = mem_realloc(t->name, (t->n + 1) * sizeof *t->name);
	t->name[t->n++] = name;
}

void topics_add(struct topics *t, const char *prefix, const char *name)
{
	add(t, mem_printf("%s%s", prefix, name));
}

char *topics_tasks_name(const char *prefix, const char *provider)
{
	return mem_printf("%ssync.tasks.%s", prefix, provider);
}

void topics_add_tasks(struct topics *t, const char *prefix, const struct registry *registry)
{
	for (size_t i = 0; i < registry_count(registry); i++)
		add(t, topics_tasks_name(prefix, registry_at(registry, i)->name));
}

void topics_add_dead_letters(struct topics *t, const char *prefix, const struct registry *registry)
{
	for (size_t i = 0; i < registry_count(registry); i++)
		add(t, mem_printf("%ssync.tasks.%s.dlq", prefix, registry_at(registry, i)->name));
}

enum rc topics_check(const struct topics *t, struct kafka_producer *kafka, struct err *err)
{
	return kafka_check_topics(kafka, (const char *const *)t->name, t->n, DEADLINE_MS, err);
}

void topics_done(struct topics *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->name[i]);
	free(t->name);
	*t = (struct topics){0};
}

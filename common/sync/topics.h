// SPDX-License-Identifier: Apache-2.0
#pragma once
/* Names of Kafka topics, each with the fleet's prefix. */
#include "base/base.h"
#include "io/kafka.h"
#include "sync/declaration.h"

/* Zero-initialise; release with topics_done. */
struct topics {
	char **name;
	size_t n;
};

void topics_done(struct topics *t);

void topics_add(struct topics *t, const char *prefix, const char *name);
/* Each provider's tasks, in the registry's order. */
void topics_add_tasks(struct topics *t, const char *prefix, const struct registry *registry);
/* Where each provider's failed tasks go. */
void topics_add_dead_letters(struct topics *t, const char *prefix, const struct registry *registry);
/* sync.tasks.<provider>; the caller's to free. */
char *topics_tasks_name(const char *prefix, const char *provider);

/* Waits for the brokers, at start only: RC_NOT_FOUND names a topic that is missing. */
enum rc topics_check(const struct topics *t, struct kafka_producer *kafka, struct err *err) MUST_USE;

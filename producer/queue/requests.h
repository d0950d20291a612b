// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * The topic sync.requests: the same requests as POST /v1/syncs. A wave of messages is accepted in batches;
 * what cannot be accepted goes to sync.requests.dlq with the reason; then the wave's offsets are committed. A
 * message that comes again with the same CloudEvents source and id makes no second sync.
 */
#include "base/base.h"
#include "catalog.h"
#include "io/kafka.h"
#include "io/loop.h"

struct batch;
struct requests;

struct requests_options {
	struct kafka_options kafka; /* its on_error gets `user` of these options */
	const char *group;
	const char *topic_prefix;
	struct batch *batch;
	struct catalog catalog;
	bool (*may_dispatch)(void *user, struct str provider, size_t tasks);
	void *user;
};

struct requests *requests_new(struct loop *loop, const struct requests_options *o, struct err *err);
/* Leaves the group. Accepts NULL. */
void requests_free(struct requests *r);
/* Accepts no further message; what is under way is finished. */
void requests_stop(struct requests *r);
bool requests_assigned(const struct requests *r);
/* Accepted and refused since the start. */
void requests_counts(const struct requests *r, uint64_t *ret_accepted, uint64_t *ret_refused);

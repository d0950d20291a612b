// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * One breaker per provider for the whole fleet (table breakers). Each worker remembers how the latest calls
 * of a provider went and tells it with its heartbeat; a worker that has seen failures asks the database to
 * judge all of them. What is open comes with heartbeats and claims, so that no call costs a query. While a
 * breaker is open no call is made; half open, only by probes: tasks that were claimed in that state.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"

struct breakers;
struct provider;
struct task;
struct uuid;
struct worker;

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

struct breakers *breakers_new(struct worker *w);
/* Accepts NULL. */
void breakers_free(struct breakers *b);

/* Open: `ret_wait_ms` is the time until probes go out, with jitter. */
enum breaker_state breaker_state(const struct breakers *b, const struct provider *p, int64_t *ret_wait_ms);
/* Whether the task may call. A probe may, unless the breaker is open. */
bool breaker_allows(const struct breakers *b, const struct task *t);

/* How a call came out: `failed` says why the provider is at fault, NULL that it answered. */
void breaker_count(struct breakers *b, const struct provider *p, const struct uuid *connection_id, bool probe,
    const char *failed);

/* How long an answer took, whatever it said. */
void breaker_answered(struct breakers *b, const struct provider *p, int64_t ms);

/* For the heartbeat: appends what workers.calls holds. */
void breakers_report(const struct breakers *b, struct buf *out);
/* What a heartbeat or a claim says that was sent at `asked_ms` (monotonic): all that are open,
 * {provider/milliseconds until half open,...}. */
void breakers_learn(struct breakers *b, struct str list, int64_t asked_ms);
/* After the heartbeat that told of failures. */
void breakers_judge(struct breakers *b);

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "claim.h"

#include "ask.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "breaker.h"
#include "generation.h"
#include "secret.h"
#include "settle.h"
#include "sync/origins.h"
#include "table.h"
#include "task.h"
#include "worker.h"

#define CURSOR_MAX 65536
#define TOKEN_MAX 16384
#define EXTERNAL_ID_MAX 1024
#define SETTINGS_MAX 65536
#define SETTINGS_DEPTH 16

/* The columns of claim.sql. */
enum claim_column {
	TASK_ID,
	EPOCH,
	PAGE,
	CURSOR,
	PROVIDER,
	RESOURCE,
	INCREMENTAL,
	ATTEMPTS,
	CONNECTION_ID,
	TENANT_ID,
	EXTERNAL_ID,
	SETTINGS,
	SECRET,
	TOKEN_VERSION,
	TOKEN_LIFE_US,
	WATERMARK_US,
	FIRST_LOAD,
	REAUTHORIZE,
	HAS_DEAD,
	FULL_WALK_US,
	REPLAY,
	REPLAY_ONLY,
	FAILING,
	RESTARTS,
	FROM_US,
	TO_US,
};

static struct task *task_from_row(struct worker *w, const struct pg_result *r, int row)
{
	struct task *t = mem_zalloc(sizeof *t);

	t->worker = w;
	pg_uuid(r, row, TASK_ID, &t->task_id);
	pg_uuid(r, row, CONNECTION_ID, &t->connection_id);
	pg_uuid(r, row, TENANT_ID, &t->tenant_id);
	t->epoch = pg_i64(r, row, EPOCH);
	t->page = pg_i64(r, row, PAGE);
	t->attempts = pg_i64(r, row, ATTEMPTS);
	t->has_dead = pg_bool(r, row, HAS_DEAD);
	t->replay_only = pg_bool(r, row, REPLAY_ONLY);
	t->replay = t->replay_only || pg_bool(r, row, REPLAY);
	t->first_load = pg_bool(r, row, FIRST_LOAD) && !t->replay; /* what was stored since has rows */
	t->restarts = pg_i64(r, row, RESTARTS);
	buf_init(&t->cursor, CURSOR_MAX);
	buf_init(&t->token, TOKEN_MAX);
	buf_init(&t->external_id, EXTERNAL_ID_MAX);
	buf_add_str(&t->cursor, pg_str(r, row, CURSOR));
	buf_add_str(&t->external_id, pg_str(r, row, EXTERNAL_ID));
	t->account.external_id = buf_str(&t->external_id);
	t->first_load = t->first_load && !str_starts(buf_str(&t->cursor), GIVEN_KEYS);
	t->walk.incremental = pg_bool(r, row, INCREMENTAL);
	t->walk.watermark_us = pg_i64(r, row, WATERMARK_US);
	t->walk.from_us = pg_i64(r, row, FROM_US);
	t->walk.to_us = pg_i64(r, row, TO_US);
	return t;
}

/* Walks of what changed show no deletions: now and then one of them is a walk of everything. */
static void widen(struct task *t, int64_t full_walk_us)
{
	struct walk *w = &t->walk;

	t->widened = w->incremental && !w->from_us && !w->to_us && w->watermark_us && t->cursor.n == 0 &&
	             generation_is_due(w->resource, full_walk_us, clock_unix_us());
	if (!t->widened)
		return;
	w->incremental = false;
	log_event(LOG_LEVEL_INFO, "walk_widened", LOG_UUID("task_id", &t->task_id),
	    LOG_STR("reason", "a complete walk is due"));
}

/* What needs to be understood of the row; the error says what an operator can do. */
static enum rc understand(struct task *t, const struct pg_result *r, int row, struct err *err)
{
	struct worker *w = t->worker;
	AUTO(json_put_ptr) json_object *secret = NULL;
	struct secret_place place = secret_place_of(t);

	t->walk.provider = registry_find_provider(w->registry, pg_str(r, row, PROVIDER));
	if (!t->walk.provider)
		return err_set(err, RC_NOT_FOUND, "no declaration of provider %.*s in providers.dir",
		    STR_ARG(pg_str(r, row, PROVIDER)));
	t->ask = ask_is(pg_str(r, row, RESOURCE));
	if (t->ask && ask_take_arguments(t, err) != RC_OK)
		return err->rc;
	t->walk.resource = t->ask ? ask_find(t->walk.provider, pg_str(r, row, RESOURCE), t->walk.arguments)
	                          : provider_find_resource(t->walk.provider, pg_str(r, row, RESOURCE));
	t->refresh = t->ask && ask_is_refresh(t->walk.provider, pg_str(r, row, RESOURCE));
	if (!t->walk.resource)
		return err_set(err, RC_NOT_FOUND, "provider %s declares no resource %.*s",
		    t->walk.provider->name, STR_ARG(pg_str(r, row, RESOURCE)));
	t->table = tables_find(w->tables, t->walk.resource);
	t->first_load = t->first_load && t->table && !t->table->policed; /* a question has no table */
	if (t->replay_only)
		return RC_OK;
	if (!t->ask)
		widen(t, pg_i64(r, row, FULL_WALK_US));
	t->walk.origin = origin_of(w->settings.origins, t->walk.provider->name);
	if (pg_bool(r, row, REAUTHORIZE))
		return err_set(err, RC_DENIED, "the account must be authorised again");
	enum rc rc = json_parse(
	    pg_str(r, row, SETTINGS), SETTINGS_MAX, SETTINGS_DEPTH, &t->account.settings, err);
	if (rc == RC_OK)
		rc = secret_read(&place, r, SECRET, row, &secret, err);
	if (rc == RC_OK)
		secret_use(
		    t, secret, pg_i64(r, row, TOKEN_VERSION), secret_expires_us(r, row, TOKEN_LIFE_US));
	return rc;
}

void claim_begin(struct worker *w, const struct pg_result *r, int row)
{
	struct task *t = task_from_row(w, r, row);
	struct err err;
	int64_t wait_ms;

	if (row == 0)
		breakers_learn(w->breakers, pg_str(r, row, FAILING), clock_mono_ms());
	enum rc rc = understand(t, r, row, &err);
	t->probe = breaker_state(w->breakers, t->walk.provider, &wait_ms) == BREAKER_HALF_OPEN;
	if (rc == RC_OK) {
		task_start(t);
		return;
	}
	task_start_failed(t, rc == RC_DENIED ? VERDICT_AUTH : VERDICT_PERMANENT, err.text);
}

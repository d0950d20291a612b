// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "schedules.h"

#include "base/failpoint.h"
#include "base/log.h"
#include "base/metrics.h"
#include "statements.h"

#define LOOK_EVERY 5 /* ticks of the clock: a second, unless it is set otherwise */
#define BATCH 100    /* schedules of one transaction, which is repeated whole when the database is busy */

static const struct metric_family_def ticks_total = {.name = "schedule_ticks_total",
    .kind = METRIC_COUNTER,
    .help = "Ticks of schedules by what became of them: started, missed, skipped.",
    .labels = {"outcome"}};
static const struct metric_family_def schedules_due = {
    .name = "schedules_due", .kind = METRIC_GAUGE, .help = "Schedules whose time has come and that wait."};
static const struct metric_family_def schedules_lag = {.name = "schedules_lag_seconds",
    .kind = METRIC_GAUGE,
    .help = "For how long the first of the due schedules has waited."};

struct schedules {
	struct pg *pg;
	const struct registry *registry;
	struct pg_args args;
	bool failed;
	int skip; /* so many ticks of the clock before the next look */
};

struct schedules *schedules_new(struct pg *pg, const struct registry *registry)
{
	struct schedules *s = mem_zalloc(sizeof *s);

	s->pg = pg;
	s->registry = registry;
	s->args = PG_ARGS;
	return s;
}

void schedules_free(struct schedules *s)
{
	if (!s)
		return;
	pg_args_done(&s->args);
	free(s);
}

/* Also what was decided against is told: nobody else says why a sync is not there. */
static void decided(void *user, const struct pg_result *res, const struct err *err)
{
	struct schedules *s = user;

	if (err && err->rc != RC_LOST && !s->failed)
		log_event(LOG_LEVEL_WARN, "schedules_failed", LOG_ERR(err));
	s->failed = err != NULL;
	if (err)
		return;
	FAILPOINT(schedules_after_commit);
	for (int i = 0; i < pg_rows(res); i++) {
		struct str outcome = pg_str(res, i, 2);

		metric_add(metric_series(metrics_family(&ticks_total), (const char *[]){outcome.p}), 1);
		log_event(str_is(outcome, "started") ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "schedule_tick",
		    LOG_STR("outcome", outcome), LOG_STR("schedule_id", pg_str(res, i, 0)),
		    LOG_STR("tick_at", pg_str(res, i, 1)), LOG_STR("reason", pg_str(res, i, 3)),
		    LOG_STR("sync_id", pg_str(res, i, 4)));
	}
}

static void counted(void *user, const struct pg_result *res, const struct err *err)
{
	struct schedules *s = user;

	if (err)
		return;
	metric_set(metric_plain(&schedules_due), (double)pg_i64(res, 0, 0));
	metric_set(metric_plain(&schedules_lag), (double)pg_i64(res, 0, 1) / 1e3);
	if (pg_i64(res, 0, 0) > 0)
		s->skip = 0;
}

/* Pair by pair: the provider's name in the one array, its resource's in the other. */
static void bind_names(struct schedules *s, bool resources)
{
	pg_array_begin(&s->args, PG_TEXT);
	for (size_t i = 0; i < registry_count(s->registry); i++) {
		const struct provider *p = registry_at(s->registry, i);

		for (size_t r = 0; r < p->resources.n; r++)
			pg_array_text(&s->args, str_of(resources ? p->resources.at[r].name : p->name));
	}
	pg_array_end(&s->args);
}

void schedules_tick(struct schedules *s)
{
	if (s->skip-- > 0)
		return;
	s->skip = LOOK_EVERY - 1;
	FAILPOINT(schedules_before);
	pg_args_clear(&s->args);
	bind_names(s, false);
	bind_names(s, true);
	pg_arg_i64(&s->args, BATCH);
	pg_query(s->pg, &sql_clock_schedules, &s->args, decided, s);
	pg_query(s->pg, &sql_clock_schedules_due, NULL, counted, s);
}

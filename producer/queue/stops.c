// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "stops.h"

#include "base/log.h"
#include "base/metrics.h"
#include "io/pg.h"
#include "statements.h"

static const struct metric_family_def stopped = {.name = "provider_stopped",
    .kind = METRIC_GAUGE,
    .help = "Whether tasks of a provider are dispatched: 0 yes, 1 paused, 2 stopped by the failure cap.",
    .labels = {"provider"}};

enum kind { KIND_NONE, KIND_PAUSED, KIND_CAPPED };

struct stops {
	const struct settings *settings;
	const struct registry *registry;
	struct pg *pg;
	struct pg_args args;
	enum kind *kinds; /* by place in the registry */
};

static enum kind kind_of(struct str name)
{
	return str_is(name, "paused") ? KIND_PAUSED : KIND_CAPPED;
}

static void set_kind(struct stops *s, size_t i, enum kind kind, struct str reason)
{
	static const char *const names[] = {"none", "paused", "capped"};
	const char *provider = registry_at(s->registry, i)->name;

	if (s->kinds[i] == kind)
		return;
	s->kinds[i] = kind;
	metric_set(metric_series(metrics_family(&stopped), (const char *[]){provider}), (double)kind);
	if (kind == KIND_NONE)
		log_event(LOG_LEVEL_INFO, "provider_resumed", LOG_STR("provider", provider));
	else
		log_event(LOG_LEVEL_WARN, "provider_stopped", LOG_STR("provider", provider),
		    LOG_STR("kind", names[kind]), LOG_STR("reason", reason));
}

static void judged(void *user, const struct pg_result *res, const struct err *err)
{
	struct stops *s = user;

	for (size_t i = 0; !err && i < registry_count(s->registry); i++) {
		enum kind kind = KIND_NONE;
		struct str reason = {NULL, 0};

		for (int row = 0; row < pg_rows(res); row++) {
			if (!str_is(pg_str(res, row, 0), registry_at(s->registry, i)->name))
				continue;
			kind = kind_of(pg_str(res, row, 1));
			reason = pg_str(res, row, 2);
		}
		set_kind(s, i, kind, reason);
	}
}

void stops_judge(struct stops *s)
{
	struct pg_args *a = &s->args;

	pg_args_clear(a);
	pg_arg_i64(a, s->settings->cap_percent);
	pg_arg_i64(a, s->settings->cap_tasks);
	pg_arg_i64(a, s->settings->cap_window_ms);
	pg_arg_i64(a, s->settings->cap_probe_ms);
	pg_query(s->pg, &sql_clock_stops, a, judged, s);
}

struct stops *stops_new(const struct settings *settings, const struct registry *registry, struct pg *pg)
{
	struct stops *s = mem_zalloc(sizeof *s);

	*s = (struct stops){.settings = settings, .registry = registry, .pg = pg, .args = PG_ARGS};
	s->kinds = mem_array(registry_count(registry), sizeof *s->kinds);
	for (size_t i = 0; i < registry_count(registry); i++)
		metric_set(
		    metric_series(metrics_family(&stopped), (const char *[]){registry_at(registry, i)->name}),
		    KIND_NONE);
	return s;
}

void stops_free(struct stops *s)
{
	if (!s)
		return;
	pg_args_done(&s->args);
	free(s->kinds);
	free(s);
}

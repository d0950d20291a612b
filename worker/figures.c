// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "figures.h"

#include "base/metrics.h"
#include "intake.h"
#include "store.h"
#include "sync/outbox.h"
#include "worker.h"

static const struct metric_family_def pages = {.name = "pages_total",
    .kind = METRIC_COUNTER,
    .help = "Pages read from providers.",
    .labels = {"provider", "resource"}};
static const struct metric_family_def records = {.name = "records_total",
    .kind = METRIC_COUNTER,
    .help = "Records in these pages.",
    .labels = {"provider", "resource"}};
static const struct metric_family_def verdicts = {.name = "provider_verdicts_total",
    .kind = METRIC_COUNTER,
    .help = "Answers of providers that were no page, by error class.",
    .labels = {"provider", "resource", "class"}};
static const struct metric_family_def quarantined = {.name = "records_quarantined_total",
    .kind = METRIC_COUNTER,
    .help = "Records that could not be stored, or not be replayed.",
    .labels = {"provider", "resource"}};
static const struct metric_family_def deleted = {.name = "records_deleted_total",
    .kind = METRIC_COUNTER,
    .help = "Records marked as deleted because complete walks did not show them.",
    .labels = {"provider", "resource"}};
static const struct metric_family_def withheld = {.name = "deletions_withheld_total",
    .kind = METRIC_COUNTER,
    .help = "Complete walks whose deletions the guard held back.",
    .labels = {"provider", "resource"}};
static const struct metric_family_def tasks = {
    .name = "tasks_running", .kind = METRIC_GAUGE, .help = "Tasks with a slot."};
static const struct metric_family_def slots = {
    .name = "slots_free", .kind = METRIC_GAUGE, .help = "Slots without a task."};
static const struct metric_family_def unstored = {
    .name = "pages_unstored", .kind = METRIC_GAUGE, .help = "Pages that were read and are not committed."};
static const struct metric_family_def transactions = {
    .name = "store_transactions", .kind = METRIC_GAUGE, .help = "Transactions committed since the start."};
static const struct metric_family_def rows = {
    .name = "store_rows", .kind = METRIC_GAUGE, .help = "Rows in these transactions."};
static const struct metric_family_def refused = {
    .name = "claims_refused", .kind = METRIC_GAUGE, .help = "Messages whose task was not theirs to claim."};
static const struct metric_family_def unreadable = {
    .name = "messages_unreadable", .kind = METRIC_GAUGE, .help = "Task messages that could not be read."};
static const struct metric_family_def events = {.name = "events_in_flight",
    .kind = METRIC_GAUGE,
    .help = "Result events without Kafka's acknowledgement."};
static const struct metric_family_def lag = {.name = "consumer_lag_messages",
    .kind = METRIC_GAUGE,
    .help = "Messages behind the end of a partition.",
    .labels = {"topic", "partition"}};

static const struct metric_family_def breaker_states = {.name = "breaker_state",
    .kind = METRIC_GAUGE,
    .help = "A provider's breaker as this worker knows it: 0 closed, 1 half open, 2 open.",
    .labels = {"provider"}};
static const struct metric_family_def breaker_openings = {.name = "breaker_openings_total",
    .kind = METRIC_COUNTER,
    .help = "Breakers that this worker opened.",
    .labels = {"provider"}};

struct series {
	const struct resource *resource;
	struct metric *pages;
	struct metric *records;
};

static struct series *series;
static size_t nseries;

void figures_init(const struct registry *registry)
{
	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct provider *p = registry_at(registry, i);

		series = mem_realloc(series, (nseries + p->resources.n) * sizeof *series);
		for (size_t k = 0; k < p->resources.n; k++) {
			const char *labels[] = {p->name, p->resources.at[k].name};

			series[nseries++] = (struct series){&p->resources.at[k],
			    metric_series(metrics_family(&pages), labels),
			    metric_series(metrics_family(&records), labels)};
		}
	}
}

void figures_done(void)
{
	free(series);
	series = NULL;
	nseries = 0;
}

void figures_page(const struct resource *r, size_t n)
{
	for (size_t i = 0; i < nseries; i++) {
		if (series[i].resource != r)
			continue;
		metric_add(series[i].pages, 1);
		metric_add(series[i].records, (double)n);
		return;
	}
}

void figures_verdict(const struct resource *r, enum verdict_class class)
{
	const char *labels[] = {r->provider->name, r->name, verdict_class_name(class)};

	metric_add(metric_series(metrics_family(&verdicts), labels), 1);
}

void figures_quarantined(const struct resource *r, size_t n)
{
	const char *labels[] = {r->provider->name, r->name};

	if (n)
		metric_add(metric_series(metrics_family(&quarantined), labels), (double)n);
}

void figures_deleted(const struct resource *r, int64_t n)
{
	const char *labels[] = {r->provider->name, r->name};

	if (n)
		metric_add(metric_series(metrics_family(&deleted), labels), (double)n);
}

void figures_withheld(const struct resource *r)
{
	const char *labels[] = {r->provider->name, r->name};

	metric_add(metric_series(metrics_family(&withheld), labels), 1);
}

void figures_breaker(const struct provider *p, int state)
{
	metric_set(metric_series(metrics_family(&breaker_states), (const char *[]){p->name}), state);
}

void figures_breaker_opened(const struct provider *p)
{
	metric_add(metric_series(metrics_family(&breaker_openings), (const char *[]){p->name}), 1);
}

void figures_lag(const char *topic, int partition, int64_t messages)
{
	char number[12];

	if (messages < 0)
		return;
	snprintf(number, sizeof number, "%d", partition);
	metric_set(metric_series(metrics_family(&lag), (const char *[]){topic, number}), (double)messages);
}

void figures_read(const struct worker *w)
{
	uint64_t a;
	uint64_t b;

	metric_set(metric_plain(&tasks), (double)w->ntasks);
	metric_set(metric_plain(&slots), (double)intake_free_slots(w->intake));
	metric_set(metric_plain(&unstored), (double)store_pending(w->store));
	metric_set(metric_plain(&events), (double)outbox_in_flight(w->outbox));
	store_counts(w->store, &a, &b);
	metric_set(metric_plain(&transactions), (double)a);
	metric_set(metric_plain(&rows), (double)b);
	intake_counts(w->intake, &a, &b);
	metric_set(metric_plain(&unreadable), (double)a);
	metric_set(metric_plain(&refused), (double)b);
}

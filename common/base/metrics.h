// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * What this process counts, in the registry of the process (one thread, no locks). A family has a name and
 *labels; a series is one combination of label values, looked up once and kept by its user, so that counting
 *is one addition.
 *
 *	static const struct metric_family_def pages = {.name = "pages_total", .kind = METRIC_COUNTER,
 *	    .help = "Pages fetched from providers.", .labels = {"provider", "resource"}};
 *	struct metric *m = metric_series(metrics_family(&pages), (const char *[]){"zoho", "contacts"});
 *	metric_add(m, 1);
 *
 * Names get the prefix syncfleet_; base units (seconds, bytes); counters end in _total. Labels come from
 *small closed sets, never ids (https://prometheus.io/docs/practices/naming/).
 */
#include "base/base.h"
#include "base/buf.h"

#define METRIC_LABELS_MAX 4
#define METRIC_BUCKETS_MAX 20
/* Series of one family; what comes later is counted under the label value "other". */
#define METRIC_SERIES_MAX 256

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family_def {
	const char *name; /* without prefix */
	const char *help;
	enum metric_kind kind;
	const char *labels[METRIC_LABELS_MAX + 1]; /* ends at NULL */
	/* Of histograms: upper bounds, rising; +Inf is added. NULL: metric_seconds. */
	const double *buckets;
	size_t nbuckets;
};

/* The default bounds: 1 ms to 60 s. */
extern const double metric_seconds[13];

struct metric_family;
struct metric;

/* Sets up the registry with syncfleet_build_info{program,version,commit}. */
void metrics_init(const char *program);
/* Frees everything; series pointers are dead. */
void metrics_done(void);

/* Registers once; the same definition again returns the same family. `def` must have static storage. */
struct metric_family *metrics_family(const struct metric_family_def *def);
/* The series with these label values (one for each label); values are copied. */
struct metric *metric_series(struct metric_family *family, const char *const *values);
/* Family and series in one step, for what has no labels. */
struct metric *metric_plain(const struct metric_family_def *def);

void metric_add(struct metric *m, double v);     /* counters (v >= 0) and gauges */
void metric_set(struct metric *m, double v);     /* gauges */
void metric_observe(struct metric *m, double v); /* histograms */
/* The value of a counter or gauge, the sum of a histogram. */
double metric_value(const struct metric *m);

/* Appends everything, process_* included, in text format 0.0.4. Reads /proc. */
void metrics_render(struct buf *out);

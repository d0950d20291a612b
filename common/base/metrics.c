// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/metrics_internal.h"

#include "base/version.h"

const double metric_seconds[13] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60};

struct metric_family *metrics_first;

static struct metric_family **last_family = &metrics_first;

static const struct metric_family_def build_info = {
    .name = "build_info",
    .help = "What runs here; the value is always 1.",
    .kind = METRIC_GAUGE,
    .labels = {"program", "version", "commit"},
};

void metrics_init(const char *program)
{
	const char *const values[] = {program, version_text(), version_commit()};

	metric_set(metric_series(metrics_family(&build_info), values), 1);
}

static void series_free(struct metric *m)
{
	for (size_t i = 0; i < METRIC_LABELS_MAX; i++)
		free(m->values[i]);
	free(m->buckets);
	free(m);
}

void metrics_done(void)
{
	while (metrics_first) {
		struct metric_family *family = metrics_first;

		while (family->series) {
			struct metric *m = family->series;

			family->series = m->next;
			series_free(m);
		}
		metrics_first = family->next;
		free(family);
	}
	last_family = &metrics_first;
}

struct metric_family *metrics_family(const struct metric_family_def *def)
{
	struct metric_family *family;

	for (family = metrics_first; family; family = family->next) {
		if (family->def == def)
			return family;
	}
	family = mem_zalloc(sizeof *family);
	family->def = def;
	family->last = &family->series;
	while (def->labels[family->nlabels])
		family->nlabels++;
	if (def->kind == METRIC_HISTOGRAM) {
		family->bounds = def->buckets ? def->buckets : metric_seconds;
		family->nbounds = def->buckets ? def->nbuckets : ARRAY_SIZE(metric_seconds);
		assert(family->nbounds <= METRIC_BUCKETS_MAX);
	}
	*last_family = family;
	last_family = &family->next;
	return family;
}

static bool series_has(const struct metric *m, const char *const *values)
{
	for (size_t i = 0; i < m->family->nlabels; i++) {
		if (strcmp(m->values[i], values[i]) != 0)
			return false;
	}
	return true;
}

static struct metric *series_new(struct metric_family *family, const char *const *values)
{
	struct metric *m = mem_zalloc(sizeof *m);

	m->family = family;
	for (size_t i = 0; i < family->nlabels; i++)
		m->values[i] = mem_strdup(values[i]);
	if (family->nbounds)
		m->buckets = mem_array(family->nbounds, sizeof *m->buckets);
	*family->last = m;
	family->last = &m->next;
	family->nseries++;
	return m;
}

static struct metric *series_find(const struct metric_family *family, const char *const *values)
{
	struct metric *m = family->series;

	while (m && !series_has(m, values))
		m = m->next;
	return m;
}

struct metric *metric_series(struct metric_family *family, const char *const *values)
{
	static const char *const others[METRIC_LABELS_MAX] = {"other", "other", "other", "other"};
	struct metric *m = series_find(family, values);

	if (m)
		return m;
	if (family->nseries < METRIC_SERIES_MAX)
		return series_new(family, values);
	m = series_find(family, others);
	return m ? m : series_new(family, others);
}

struct metric *metric_plain(const struct metric_family_def *def)
{
	static const char *const none[1];

	assert(!def->labels[0]);
	return metric_series(metrics_family(def), none);
}

void metric_add(struct metric *m, double v)
{
	m->value += v;
}

void metric_set(struct metric *m, double v)
{
	m->value = v;
}

void metric_observe(struct metric *m, double v)
{
	const struct metric_family *family = m->family;
	size_t i = 0;

	while (i < family->nbounds && v > family->bounds[i])
		i++;
	if (i < family->nbounds)
		m->buckets[i]++;
	m->count++;
	m->value += v;
}

double metric_value(const struct metric *m)
{
	return m->value;
}

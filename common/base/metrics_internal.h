// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What metrics.c and metrics_render.c share; nobody else includes this. */
#include "base/metrics.h"

struct metric {
	const struct metric_family *family;
	struct metric *next;
	char *values[METRIC_LABELS_MAX];
	double value;      /* of histograms: the sum */
	uint64_t count;    /* of histograms */
	uint64_t *buckets; /* of histograms: not cumulative; what is above the last bound is in count only */
};

struct metric_family {
	const struct metric_family_def *def;
	struct metric_family *next;
	struct metric *series;
	struct metric **last;
	const double *bounds;
	size_t nbounds;
	size_t nlabels;
	size_t nseries;
};

/* The registry, in order of registration. */
extern struct metric_family *metrics_first;

void metrics_render_process(struct buf *out);

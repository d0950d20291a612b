// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/metrics_internal.h"

#include <math.h>

#include "base/utf8.h"

#define PREFIX "syncfleet_"

/* Backslash, line feed and, in label values, the quote: all that the format escapes. */
static void add_escaped(struct buf *out, const char *text, bool quotes)
{
	struct str rest = str_of(text);

	while (rest.n) {
		size_t n = utf8_char_len(rest);

		if (*rest.p == '\n')
			buf_add_text(out, "\\n");
		else if (*rest.p == '\\' || (quotes && *rest.p == '"'))
			buf_printf(out, "\\%c", *rest.p);
		else if (n)
			buf_add(out, rest.p, n);
		else
			buf_add_char(out, '?');
		n = MAX(n, (size_t)1);
		rest.p += n;
		rest.n -= n;
	}
}

static void add_number(struct buf *out, double v)
{
	if (isnan(v))
		buf_add_text(out, "NaN");
	else if (isinf(v))
		buf_add_text(out, v > 0 ? "+Inf" : "-Inf");
	else if (v == floor(v) && fabs(v) < 1e15)
		buf_printf(out, "%.0f", v);
	else
		buf_printf(out, "%.15g", v);
}

/* {a="x",b="y",le="0.5"}; nothing when there are no labels. `bound` may be NULL. */
static void add_labels(struct buf *out, const struct metric *m, const double *bound)
{
	const struct metric_family *family = m->family;

	if (!family->nlabels && !bound)
		return;
	buf_add_char(out, '{');
	for (size_t i = 0; i < family->nlabels; i++) {
		buf_printf(out, "%s%s=\"", i ? "," : "", family->def->labels[i]);
		add_escaped(out, m->values[i], true);
		buf_add_char(out, '"');
	}
	if (bound) {
		buf_printf(out, "%sle=\"", family->nlabels ? "," : "");
		add_number(out, *bound);
		buf_add_char(out, '"');
	}
	buf_add_char(out, '}');
}

static void add_sample(
    struct buf *out, const struct metric *m, const char *suffix, const double *bound, double value)
{
	buf_printf(out, PREFIX "%s%s", m->family->def->name, suffix);
	add_labels(out, m, bound);
	buf_add_char(out, ' ');
	add_number(out, value);
	buf_add_char(out, '\n');
}

static void add_histogram(struct buf *out, const struct metric *m)
{
	static const double infinity = (double)INFINITY;
	uint64_t below = 0;

	for (size_t i = 0; i < m->family->nbounds; i++) {
		below += m->buckets[i];
		add_sample(out, m, "_bucket", &m->family->bounds[i], (double)below);
	}
	add_sample(out, m, "_bucket", &infinity, (double)m->count);
	add_sample(out, m, "_sum", NULL, m->value);
	add_sample(out, m, "_count", NULL, (double)m->count);
}

static void add_family(struct buf *out, const struct metric_family *family)
{
	static const char *const kinds[] = {"counter", "gauge", "histogram"};

	buf_printf(out, "# HELP " PREFIX "%s ", family->def->name);
	add_escaped(out, family->def->help, false);
	buf_printf(out, "\n# TYPE " PREFIX "%s %s\n", family->def->name, kinds[family->def->kind]);
	for (const struct metric *m = family->series; m; m = m->next) {
		if (family->def->kind == METRIC_HISTOGRAM)
			add_histogram(out, m);
		else
			add_sample(out, m, "", NULL, m->value);
	}
}

void metrics_render(struct buf *out)
{
	for (const struct metric_family *family = metrics_first; family; family = family->next)
		add_family(out, family);
	metrics_render_process(out);
}

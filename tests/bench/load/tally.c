// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "tally.h"

#include "base/jsonw.h"

#define REPORT_MAX (1 << 20)
#define SECOND 1000000

void tally_init(struct tally *tally, int64_t start_us, int64_t seconds)
{
	*tally = (struct tally){.start_us = start_us, .end_us = start_us + seconds * SECOND};
	tally->nseconds = (size_t)seconds;
	tally->by_second = mem_array(tally->nseconds + 1, sizeof *tally->by_second);
}

void tally_done(struct tally *tally)
{
	free(tally->by_second);
	free(tally->latency_ms);
}

static void add_latency(struct tally *tally, double ms)
{
	if (tally->nlatencies == tally->cap) {
		tally->cap = MAX(65536, tally->cap * 2);
		tally->latency_ms = mem_realloc(tally->latency_ms, tally->cap * sizeof *tally->latency_ms);
	}
	tally->latency_ms[tally->nlatencies++] = ms;
}

void tally_end(struct tally *tally, int64_t now_us, int64_t latency_us, bool completed)
{
	tally->last_us = now_us;
	if (now_us >= tally->start_us && now_us < tally->end_us)
		tally->by_second[(now_us - tally->start_us) / SECOND]++;
	if (latency_us < 0)
		return;
	tally->completed += completed;
	tally->failed += !completed;
	add_latency(tally, (double)latency_us / 1000);
}

void tally_refusal(struct tally *tally, int status, struct str body)
{
	tally->rejected++;
	if (!tally->refusal[0])
		snprintf(tally->refusal, sizeof tally->refusal, "%d %.*s", status, STR_ARG(body));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(const struct tally *tally, double share)
{
	if (!tally->nlatencies)
		return 0;
	return tally->latency_ms[(size_t)(share * (double)(tally->nlatencies - 1) + 0.5)];
}

static void write_latencies(struct tally *tally, struct jsonw *w)
{
	qsort(tally->latency_ms, tally->nlatencies, sizeof *tally->latency_ms, compare);
	jsonw_double(w, "p50_ms", percentile(tally, 0.5));
	jsonw_double(w, "p90_ms", percentile(tally, 0.9));
	jsonw_double(w, "p99_ms", percentile(tally, 0.99));
	jsonw_double(w, "p999_ms", percentile(tally, 0.999));
	jsonw_double(w, "max_ms", percentile(tally, 1));
}

static void write_counts(const struct tally *tally, struct jsonw *w)
{
	const struct {
		const char *name;
		uint64_t value;
	} counts[] = {
	    {"sent", tally->sent},
	    {"accepted", tally->accepted},
	    {"accepted_in_time", tally->accepted_in_time},
	    {"rejected", tally->rejected},
	    {"lost", tally->lost},
	    {"completed", tally->completed},
	    {"failed", tally->failed},
	    {"repeated", tally->repeated},
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		jsonw_int(w, counts[i].name, (int64_t)counts[i].value);
}

void tally_print(struct tally *tally, size_t unfinished)
{
	struct buf out = BUF(REPORT_MAX);
	struct jsonw w = JSONW(&out);

	jsonw_object(&w, NULL);
	write_counts(tally, &w);
	jsonw_int(&w, "unfinished", (int64_t)unfinished);
	jsonw_double(&w, "last_s", (double)(tally->last_us - tally->start_us) / SECOND);
	if (tally->nlatencies)
		write_latencies(tally, &w);
	jsonw_array(&w, "by_second");
	for (size_t i = 0; i < tally->nseconds; i++)
		jsonw_int(&w, NULL, (int64_t)tally->by_second[i]);
	jsonw_array_end(&w);
	jsonw_text(&w, "refusal", tally->refusal[0] ? tally->refusal : NULL);
	jsonw_object_end(&w);
	puts(buf_text(&out));
	buf_done(&out);
}

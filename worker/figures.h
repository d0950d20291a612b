// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the worker counts for /metrics. */
#include "base/base.h"
#include "sync/declaration.h"

struct worker;

/* Registers the families and one series for each resource. */
void figures_init(const struct registry *registry);
void figures_done(void);
void figures_page(const struct resource *r, size_t records);
void figures_verdict(const struct resource *r, enum verdict_class class);
void figures_quarantined(const struct resource *r, size_t records);
void figures_deleted(const struct resource *r, int64_t records);
/* A complete walk missed more than the guard lets pass. */
void figures_withheld(const struct resource *r);
void figures_breaker(const struct provider *p, int state);
void figures_breaker_opened(const struct provider *p);
void figures_lag(const char *topic, int partition, int64_t lag);
/* Reads gauges off the worker, once per scrape. */
void figures_read(const struct worker *w);

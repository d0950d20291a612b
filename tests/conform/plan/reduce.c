// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "plan.h"
#include "provider.h"

#include <libconfig.h>

static bool is_kept(const struct provider *p, const char *name)
{
	const struct resource *r = provider_find_resource(p, str_of(name));
	return r && !plan_untried(r) && provider_supported(r, NULL) == RC_OK;
}

static void drop_resources(const struct provider *p, config_setting_t *list)
{
	for (unsigned i = (unsigned)config_setting_length(list); i-- > 0;) {
		const char *name = "";
		config_setting_lookup_string(config_setting_get_elem(list, i), "name", &name);
		if (!is_kept(p, name))
			config_setting_remove_elem(list, i);
	}
}

/* The cap is a number like any other: it is brought so near that a walk comes to it at once. */
static void bring_caps_near(config_setting_t *list)
{
	for (unsigned i = 0; i < (unsigned)config_setting_length(list); i++) {
		config_setting_t *paging = config_setting_get_member(
		    config_setting_get_elem(list, i), "paging");
		config_setting_t *cap = paging ? config_setting_get_member(paging, "cap") : NULL;
		long long size = 0;
		if (!cap || !config_setting_lookup_int64(paging, "size", &size))
			continue;
		long long near = MIN(config_setting_get_int64(cap), size * PLAN_CAP_PAGES);
		if (config_setting_type(cap) == CONFIG_TYPE_INT)
			config_setting_set_int(cap, (int)near);
		else
			config_setting_set_int64(cap, near);
	}
}

int64_t plan_back_near_s(const struct resource *r)
{
	return MIN(r->window.back_s, MAX(r->window.step_s * PLAN_WINDOWS, PLAN_BACK_S));
}

static void bring_windows_near(const struct provider *p, config_setting_t *list)
{
	for (unsigned i = 0; i < (unsigned)config_setting_length(list); i++) {
		config_setting_t *at = config_setting_get_elem(list, i);
		config_setting_t *window = config_setting_get_member(at, "window");
		const char *name = "";
		config_setting_lookup_string(at, "name", &name);
		const struct resource *r = provider_find_resource(p, str_of(name));
		if (!window || !r)
			continue;
		config_setting_remove(window, "back_s");
		config_setting_set_int64(
		    config_setting_add(window, "back_s", CONFIG_TYPE_INT64), plan_back_near_s(r));
	}
}

/* ---- limits ---- */

static double calls_a_second(const struct limit *l, double cost)
{
	return l->count / l->period_s / cost;
}

struct plan_limit plan_limit_near(const struct provider *p, size_t i)
{
	const struct limit *l = &p->limits.at[i];
	struct plan_limit near = {.cost = 1, .period_s = l->period_s, .burst = MIN(l->burst, PLAN_CALLS)};
	for (size_t k = 0; l->weighted && k < p->resources.n; k++)
		if (is_kept(p, p->resources.at[k].name))
			near.cost = MAX(near.cost, p->resources.at[k].cost);
	switch (l->kind) {
	case LIMIT_RATE:
		near.period_s = 1;
		near.count = (int64_t)MAX(1, MIN(calls_a_second(l, (double)near.cost), PLAN_CALLS)) *
		             near.cost;
		break;
	case LIMIT_QUOTA:
		near.count = PLAN_QUOTA * near.cost;
		break;
	case LIMIT_CONCURRENCY:
		near.count = MIN((int64_t)l->count, PLAN_AT_ONCE);
		break;
	}
	return near;
}

static void set_number(config_setting_t *group, const char *name, double value)
{
	config_setting_remove(group, name);
	config_setting_set_float(config_setting_add(group, name, CONFIG_TYPE_FLOAT), value);
}

/* Where the file has it: limits that go with another version of the API are in between. */
static unsigned limit_at(config_setting_t *list, const char *name)
{
	const char *found = "";
	unsigned i = 0;
	while (config_setting_lookup_string(config_setting_get_elem(list, i), "name", &found) &&
	       strcmp(found, name) != 0)
		i++;
	return i;
}

static void keep_limit(config_setting_t *list, const struct plan_limit *near, unsigned i)
{
	config_setting_t *limit = config_setting_get_elem(list, i);
	set_number(limit, "count", (double)near->count);
	set_number(limit, "period_s", near->period_s);
	if (near->burst)
		config_setting_set_int(config_setting_get_member(limit, "burst"), (int)near->burst);
	for (unsigned k = (unsigned)config_setting_length(list); k-- > 0;)
		if (k != i)
			config_setting_remove_elem(list, k);
}

static void set_text(config_setting_t *group, const char *name, const char *value)
{
	config_setting_remove(group, name);
	config_setting_set_string(config_setting_add(group, name, CONFIG_TYPE_STRING), value);
}

/* Its rows go to tables of its own. */
static void rename_tables(config_setting_t *list, size_t i)
{
	for (unsigned k = 0; k < (unsigned)config_setting_length(list); k++) {
		config_setting_t *r = config_setting_get_elem(list, k);
		const char *table = "";
		config_setting_lookup_string(r, "table", &table);
		AUTO(mem_free_ptr) char *name = mem_printf("%s_l%zu", table, i);
		set_text(r, "table", name);
	}
}

/* ---- files ---- */

static enum rc write_file(config_t *config, const char *folder, const char *name, struct err *err)
{
	AUTO(mem_free_ptr) char *path = mem_printf("%s/%s.cfg", folder, name);
	return config_write_file(config, path) ? RC_OK : err_set(err, RC_IO, "%s: cannot be written", path);
}

static enum rc read_file(config_t *config, const char *file, struct err *err)
{
	config_init(config);
	if (config_read_file(config, file))
		return RC_OK;
	return err_set(
	    err, RC_INVALID, "%s:%d: %s", file, config_error_line(config), config_error_text(config));
}

static enum rc write_limited(
    const struct provider *p, const char *file, size_t i, const char *folder, struct err *err)
{
	config_t config;
	enum rc rc = read_file(&config, file, err);
	if (rc == RC_OK) {
		struct plan_limit near = plan_limit_near(p, i);
		AUTO(mem_free_ptr) char *name = mem_printf("%s_limit%zu", p->name, i);
		config_setting_t *resources = config_lookup(&config, "resources");
		set_text(config_root_setting(&config), "name", name);
		drop_resources(p, resources);
		rename_tables(resources, i);
		bring_windows_near(p, resources);
		config_setting_t *limits = config_lookup(&config, "limits");
		keep_limit(limits, &near, limit_at(limits, p->limits.at[i].name));
		rc = write_file(&config, folder, name, err);
	}
	config_destroy(&config);
	return rc;
}

bool plan_limit_counts_kept(const struct provider *p, size_t i)
{
	const struct texts *names = &p->limits.at[i].resources;
	for (size_t k = 0; k < names->n; k++)
		if (!is_kept(p, names->at[k]))
			return false;
	for (size_t k = 0; !names->n && k < p->resources.n; k++)
		if (is_kept(p, p->resources.at[k].name))
			return true;
	return names->n != 0;
}

enum rc plan_reduce(const struct provider *p, const char *file, const char *folder, struct err *err)
{
	config_t config;
	enum rc rc = read_file(&config, file, err);
	if (rc == RC_OK) {
		config_setting_t *resources = config_lookup(&config, "resources");
		drop_resources(p, resources);
		bring_caps_near(resources);
		bring_windows_near(p, resources);
		config_setting_remove(config_root_setting(&config), "limits");
		if (config_setting_length(resources))
			rc = write_file(&config, folder, p->name, err);
	}
	config_destroy(&config);
	for (size_t i = 0; rc == RC_OK && i < p->limits.n; i++)
		if (plan_limit_counts_kept(p, i))
			rc = write_limited(p, file, i, folder, err);
	return rc;
}

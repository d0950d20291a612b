// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "plan.h"
#include "provider.h"

#include <libconfig.h>

static bool is_kept(const struct provider *p, const char *name)
{
	const struct resource *r = provider_find_resource(p, str_of(name));
	return r && provider_supported(r, NULL) == RC_OK;
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

enum rc plan_reduce(const struct provider *p, const char *file, const char *out, struct err *err)
{
	config_t config;
	config_init(&config);
	enum rc rc = RC_OK;
	if (!config_read_file(&config, file)) {
		rc = err_set(err, RC_INVALID, "%s:%d: %s", file, config_error_line(&config),
		    config_error_text(&config));
	} else {
		drop_resources(p, config_lookup(&config, "resources"));
		bring_caps_near(config_lookup(&config, "resources"));
		config_setting_remove(config_root_setting(&config), "limits");
		if (!config_write_file(&config, out))
			rc = err_set(err, RC_IO, "%s: cannot be written", out);
	}
	config_destroy(&config);
	return rc;
}

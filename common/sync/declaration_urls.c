// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration_urls.h"

#include "sync/declaration.h"

static config_setting_t *find(const config_setting_t *root, const char *key)
{
	const char *dot = strchr(key, '.');

	if (!dot)
		return config_setting_get_member(root, key);
	AUTO(mem_free_ptr) char *name = mem_strndup(key, (size_t)(dot - key));
	const config_setting_t *group = config_setting_get_member(root, name);
	return group ? config_setting_get_member(group, dot + 1) : NULL;
}

enum rc urls_choose(
    const struct reader *r, const config_setting_t *root, const struct registry_choices *choices)
{
	const char *name = NULL;

	if (config_setting_lookup_string(root, "name", &name) != CONFIG_TRUE)
		return RC_OK; /* its own fault */
	for (size_t i = 0; i < choices->nurls; i++) {
		const struct declared_url *u = &choices->urls[i];

		if (!u->url[0] || strcmp(u->provider, name) != 0)
			continue;
		config_setting_t *at = find(root, u->key);
		if (!at || config_setting_set_string(at, u->url) != CONFIG_TRUE)
			return err_set(r->err, RC_INVALID, "%s: there is no %s to replace", r->file, u->key);
	}
	return RC_OK;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/slice.h"
#include "sync/declaration.h"
#include "sync/declaration_check.h"
#include "sync/declaration_keys.h"
#include "sync/declaration_lists.h"
#include "sync/declaration_modules.h"
#include "sync/declaration_urls.h"
#include "sync/declaration_versions.h"

#include <dirent.h>
#include <errno.h>
#include <xxhash.h>

/* One file: the structs' strings belong to `config`, everything else to `pool`. */
struct declaration {
	config_t config;
	struct pool pool;
	char *file;
	struct provider provider;
};

struct registry {
	struct declaration **at;
	size_t n;
};

/* ---- fingerprints ---- */

static void hash_setting(XXH3_state_t *h, const config_setting_t *s)
{
	const char *name = config_setting_name(s) ? config_setting_name(s) : "";
	int type = config_setting_type(s);
	XXH3_64bits_update(h, name, strlen(name) + 1);
	XXH3_64bits_update(h, &type, sizeof type);
	if (type == CONFIG_TYPE_STRING) {
		const char *v = config_setting_get_string(s);
		XXH3_64bits_update(h, v, strlen(v) + 1);
	} else if (type == CONFIG_TYPE_BOOL) {
		int v = config_setting_get_bool(s);
		XXH3_64bits_update(h, &v, sizeof v);
	} else if (type == CONFIG_TYPE_FLOAT) {
		double v = config_setting_get_float(s);
		XXH3_64bits_update(h, &v, sizeof v);
	} else if (config_setting_is_number(s)) {
		long long v = config_setting_get_int64(s);
		XXH3_64bits_update(h, &v, sizeof v);
	}
	for (int i = 0; i < config_setting_length(s); i++)
		hash_setting(h, config_setting_get_elem(s, (unsigned)i));
	XXH3_64bits_update(h, "}", 1);
}

static void fingerprint(const config_setting_t *s, char ret[9])
{
	XXH3_state_t *h = XXH3_createState();
	if (!h)
		abort();
	XXH3_64bits_reset(h);
	hash_setting(h, s);
	snprintf(ret, 9, "%08x", (unsigned)(XXH3_64bits_digest(h) & 0xffffffffu));
	XXH3_freeState(h);
}

/* ---- what is derived once ---- */

static void finish_paging(struct paging *p)
{
	if (p->first < 0)
		p->first = p->strategy == PAGING_PAGE ? 1 : 0;
	if (p->stop == STOP_UNSET)
		p->stop = p->strategy >= PAGING_CURSOR ? STOP_CURSOR
		          : p->size                    ? STOP_SHORT_PAGE
		                                       : STOP_EMPTY_PAGE;
}

static void finish_resource(struct provider *p, struct resource *res, const config_setting_t *at)
{
	res->provider = p;
	if (!res->operation)
		res->operation = res->name;
	finish_paging(&res->paging);
	finish_paging(&res->deletion.paging);
	finish_paging(&res->beyond.paging);
	finish_paging(&res->history.paging);
	if (!res->batch.cost)
		res->batch.cost = res->cost;
	lists_view(res);
	for (size_t i = 0; i < res->columns.n; i++)
		if (res->incremental.field && strcmp(res->columns.at[i].name, res->incremental.field) == 0)
			res->watermark_column = (int)i;
	fingerprint(at, res->fingerprint);
}

static bool by_token(const struct resource *res)
{
	return res->paging.strategy == PAGING_SYNC_TOKEN || res->paging.strategy == PAGING_HISTORY ||
	       (res->incremental.on && res->incremental.watermark == WATERMARK_TOKEN);
}

static void finish_parents(struct provider *p)
{
	for (size_t i = 0; i < p->resources.n; i++) {
		struct resource *res = &p->resources.at[i];
		res->roams = resource_has_parent(res) || by_token(res);
		for (size_t k = 0; res->parent.resource && k < p->resources.n; k++) {
			struct resource *parent = &p->resources.at[k];
			if (strcmp(parent->name, res->parent.resource) != 0)
				continue;
			res->parent_resource = parent;
			parent->is_parent = true;
		}
	}
}

static void finish_provider(struct declaration *d)
{
	struct provider *p = &d->provider;
	const config_setting_t *root = config_root_setting(&d->config);
	const config_setting_t *list = reader_at(root, "resources");
	p->file = d->file;
	if (!p->title)
		p->title = p->name;
	fingerprint(root, p->fingerprint);
	for (size_t i = 0; i < p->resources.n; i++)
		finish_resource(p, &p->resources.at[i], config_setting_get_elem(list, (unsigned)i));
	finish_parents(p);
	for (size_t i = 0; i < p->asks.n; i++)
		finish_resource(
		    p, &p->asks.at[i], config_setting_get_elem(reader_at(root, "asks"), (unsigned)i));
}

/* ---- one file ---- */

static void declaration_free(struct declaration *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->provider.resources.n; i++)
		for (size_t k = 0; k < PHASE_COUNT; k++)
			slice_plan_free(d->provider.resources.at[i].list[k].plan);
	pool_done(&d->pool);
	config_destroy(&d->config);
	free(d->file);
	free(d);
}

static enum rc parse_file(struct declaration *d, struct err *err)
{
	if (config_read_file(&d->config, d->file) == CONFIG_TRUE)
		return RC_OK;
	if (config_error_type(&d->config) == CONFIG_ERR_FILE_IO)
		return err_set(err, RC_NOT_FOUND, "%s: cannot be read", d->file);
	return err_set(err, RC_INVALID, "%s:%d: %s", d->file, config_error_line(&d->config),
	    config_error_text(&d->config));
}

static enum rc declaration_load(
    const char *file, const struct registry_choices *choices, struct declaration **ret, struct err *err)
{
	struct declaration *d = mem_zalloc(sizeof *d);
	struct reader r = {file, &d->pool, err};
	config_init(&d->config);
	d->file = mem_strdup(file);
	enum rc rc = parse_file(d, err);
	const config_setting_t *root = config_root_setting(&d->config);
	if (!rc)
		rc = modules_expand(&r, config_root_setting(&d->config));
	if (!rc)
		rc = urls_choose(&r, root, choices);
	if (!rc)
		rc = versions_choose(&r, root, str_of(choices->versions));
	if (!rc)
		rc = reader_read(&r, &declaration_group, root, &d->provider);
	if (!rc) {
		finish_provider(d);
		rc = declaration_check(&r, root, &d->provider);
	}
	if (rc) {
		declaration_free(d);
		return rc;
	}
	for (size_t i = 0; i < d->provider.resources.n; i++)
		lists_compile(&d->provider.resources.at[i]);
	*ret = d;
	return RC_OK;
}

/* ---- the registry ---- */

static enum rc registry_add(
    struct registry *reg, const char *file, const struct registry_choices *choices, struct err *err)
{
	struct declaration *d = NULL;
	enum rc rc = declaration_load(file, choices, &d, err);
	if (rc)
		return rc;
	const struct provider *other = registry_find_provider(reg, str_of(d->provider.name));
	if (other) {
		rc = err_set(err, RC_INVALID, "%s: the provider \"%s\" is declared in %s already", file,
		    other->name, other->file);
		declaration_free(d);
		return rc;
	}
	reg->at = mem_realloc(reg->at, (reg->n + 1) * sizeof(struct declaration *));
	reg->at[reg->n++] = d;
	return RC_OK;
}

static int by_name(const void *a, const void *b)
{
	const struct declaration *const *x = a, *const *y = b;
	return strcmp((*x)->provider.name, (*y)->provider.name);
}

static int is_declaration(const struct dirent *e)
{
	size_t n = strlen(e->d_name);
	return n > 4 && e->d_name[0] != '.' && strcmp(e->d_name + n - 4, ".cfg") == 0;
}

static enum rc add_folder(
    struct registry *reg, const char *dir, const struct registry_choices *choices, struct err *err)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_declaration, alphasort);
	if (n < 0)
		return err_set(err, RC_NOT_FOUND, "reading the declarations in %s: %s", dir, strerror(errno));
	enum rc rc = RC_OK;
	for (int i = 0; i < n; i++) {
		char *file = mem_printf("%s/%s", dir, entries[i]->d_name);
		if (!rc)
			rc = registry_add(reg, file, choices, err);
		free(file);
		free(entries[i]);
	}
	free(entries);
	if (!rc && !n)
		rc = err_set(err, RC_NOT_FOUND, "there is no declaration (*.cfg) in %s", dir);
	return rc;
}

static enum rc hand_over(struct registry *reg, enum rc rc, struct registry **ret)
{
	if (rc) {
		registry_free(reg);
		return rc;
	}
	qsort(reg->at, reg->n, sizeof(struct declaration *), by_name);
	*ret = reg;
	return RC_OK;
}

static bool is_declared(void *user, struct str provider)
{
	return registry_find_provider(user, provider) != NULL;
}

static enum rc load_folder(
    struct registry *reg, const char *dir, const struct registry_choices *choices, struct err *err)
{
	struct str versions = str_of(choices->versions);
	enum rc rc = versions_check(versions, err);
	if (!rc)
		rc = add_folder(reg, dir, choices, err);
	struct str stranger = rc ? (struct str){0} : versions_stranger(versions, is_declared, reg);
	if (stranger.n)
		rc = err_set(
		    err, RC_INVALID, "providers.versions: there is no provider %.*s", STR_ARG(stranger));
	return rc;
}

enum rc registry_load_chosen(
    const char *dir, const struct registry_choices *choices, struct registry **ret, struct err *err)
{
	struct registry *reg = mem_zalloc(sizeof *reg);
	return hand_over(reg, load_folder(reg, dir, choices, err), ret);
}

enum rc registry_load_versions(const char *dir, const char *versions, struct registry **ret, struct err *err)
{
	return registry_load_chosen(dir, &(struct registry_choices){.versions = versions}, ret, err);
}

enum rc registry_load(const char *dir, struct registry **ret, struct err *err)
{
	return registry_load_versions(dir, "", ret, err);
}

enum rc registry_load_file(const char *file, struct registry **ret, struct err *err)
{
	struct registry *reg = mem_zalloc(sizeof *reg);
	return hand_over(reg, registry_add(reg, file, &(struct registry_choices){.versions = ""}, err), ret);
}

void registry_free(struct registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++)
		declaration_free(r->at[i]);
	free(r->at);
	free(r);
}

size_t registry_count(const struct registry *r)
{
	return r->n;
}

const struct provider *registry_at(const struct registry *r, size_t i)
{
	return &r->at[i]->provider;
}

const struct provider *registry_find_provider(const struct registry *r, struct str name)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_is(name, r->at[i]->provider.name))
			return &r->at[i]->provider;
	return NULL;
}

const struct resource *provider_find_resource(const struct provider *p, struct str name)
{
	for (size_t i = 0; i < p->resources.n; i++)
		if (str_is(name, p->resources.at[i].name))
			return &p->resources.at[i];
	return NULL;
}

const struct resource *provider_find_ask(const struct provider *p, struct str name)
{
	for (size_t i = 0; i < p->asks.n; i++)
		if (str_is(name, p->asks.at[i].name))
			return &p->asks.at[i];
	return NULL;
}

const struct data_centre *provider_find_data_centre(const struct provider *p, struct str name)
{
	for (size_t i = 0; i < p->data_centres.n; i++)
		if (str_is(name, p->data_centres.at[i].name))
			return &p->data_centres.at[i];
	return NULL;
}

void resource_column_list(const struct resource *r, struct buf *out)
{
	buf_add_text(out, "connection_id, tenant_id, id");
	if (r->identity == IDENTITY_POSITION)
		buf_add_text(out, ", window_from, walk");
	for (size_t i = 0; i < r->columns.n; i++)
		buf_printf(out, ", %s", r->columns.at[i].name);
	buf_printf(out, "%s, content_hash", r->keep_payload ? ", payload" : "");
}

// SPDX-License-Identifier: Apache-2.0
/* declaration-plan FILE FOLDER: prints what plan.h says, and writes what of the file can be run into the
 * folder. */
#include "base/base.h"
#include "plan.h"
#include "provider.h"

enum { EXIT_USAGE = 2, EXIT_CONFIG = 78 };

void plan_add(
    struct plan *p, const struct resource *resource, const char *check, const char *key, const char *detail)
{
	json_object *row = json_object_new_object();
	json_object_object_add(row, "resource", resource ? json_object_new_string(resource->name) : NULL);
	json_object_object_add(row, "check", json_object_new_string(check));
	json_object_object_add(row, "key", json_object_new_string(key));
	json_object_object_add(row, "holds", json_object_new_boolean(!detail));
	json_object_object_add(row, "detail", json_object_new_string(detail ? detail : ""));
	json_object_object_add(row, "impossible", json_object_new_boolean(false));
	json_object_array_add(p->findings, row);
}

void plan_mark_impossible(struct plan *p)
{
	size_t last = json_object_array_length(p->findings) - 1;
	json_object *row = json_object_array_get_idx(p->findings, last);
	json_object_object_add(row, "impossible", json_object_new_boolean(true));
}

void plan_fail(
    struct plan *p, const struct resource *resource, const char *check, const char *key, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	plan_add(p, resource, check, key, text);
	free(text);
}

static json_object *texts_json(const struct texts *t)
{
	json_object *list = json_object_new_array();
	for (size_t i = 0; i < t->n; i++)
		json_object_array_add(list, json_object_new_string(t->at[i]));
	return list;
}

static json_object *columns_json(const struct resource *r)
{
	static const char *const types[] = {
	    "text", "integer", "numeric", "double", "boolean", "timestamp", "date", "uuid", "json"};
	static const char *const times[] = {"rfc3339", "naive_utc", "epoch_s", "epoch_ms"};
	json_object *list = json_object_new_array();
	for (size_t i = 0; i < r->columns.n; i++) {
		const struct column *c = &r->columns.at[i];
		json_object *json = json_object_new_object();
		json_object_object_add(json, "name", json_object_new_string(c->name));
		json_object_object_add(json, "path", json_object_new_string(c->path));
		json_object_object_add(json, "type", json_object_new_string(types[c->type]));
		json_object_object_add(json, "time", json_object_new_string(times[c->time]));
		json_object_array_add(list, json);
	}
	return list;
}

static void put_paging(json_object *json, const struct paging *p)
{
	static const char *const strategies[] = {
	    "none", "offset", "page", "key", "cursor", "link", "sync_token", "history"};
	static const char *const stops[] = {
	    "short_page", "empty_page", "more_flag", "total", "cursor", "unset"};
	static const char *const actions[] = {"fail", "by_key", "shrink_window"};
	json_object_object_add(json, "strategy", json_object_new_string(strategies[p->strategy]));
	json_object_object_add(json, "size", json_object_new_int64(p->size));
	json_object_object_add(json, "stop", json_object_new_string(stops[p->stop]));
	json_object_object_add(json, "guard", json_object_new_boolean(p->guard));
	json_object_object_add(json, "cap", json_object_new_int64(p->cap));
	json_object_object_add(json, "cap_near",
	    json_object_new_int64(p->size ? MIN(p->cap, p->size * PLAN_CAP_PAGES) : p->cap));
	json_object_object_add(json, "cap_action", json_object_new_string(actions[p->cap_action]));
}

static void put_incremental(json_object *json, const struct incremental *inc)
{
	static const char *const sources[] = {"walk_start", "max_field", "envelope", "token"};
	json_object_object_add(
	    json, "incremental", inc->on ? json_object_new_string(sources[inc->watermark]) : NULL);
	json_object_object_add(json, "overlap_s", json_object_new_int64(MAX(inc->overlap_s, inc->reread_s)));
	json_object_object_add(json, "holdback_s", json_object_new_int64(inc->holdback_s));
}

static void put_parent(json_object *json, const struct resource *r)
{
	const struct parent *p = &r->parent;
	json_object_object_add(json, "parent", p->resource ? json_object_new_string(p->resource) : NULL);
	json_object_object_add(
	    json, "parent_setting", p->setting ? json_object_new_string(p->setting) : NULL);
	json_object_object_add(json, "changed_only", json_object_new_boolean(p->changed_only));
}

static json_object *resource_json(const struct resource *r)
{
	static const char *const strategies[] = {"none", "feed", "field", "generation", "two_generations"};
	json_object *json = json_object_new_object();
	struct err err = {0};
	bool can = provider_supported(r, &err) == RC_OK;
	const char *why = strstr(err.text, "uses ");
	json_object_object_add(json, "name", json_object_new_string(r->name));
	json_object_object_add(json, "table", json_object_new_string(r->table));
	json_object_object_add(json, "create", plan_table(r));
	json_object_object_add(json, "cannot", can ? NULL : json_object_new_string(why ? why : err.text));
	const char *untried = plan_untried(r);
	json_object_object_add(json, "untried", untried ? json_object_new_string(untried) : NULL);
	json_object_object_add(json, "columns", columns_json(r));
	json_object_object_add(json, "id", texts_json(&r->id));
	json_object_object_add(json, "redact", texts_json(&r->redact));
	json_object_object_add(json, "posts", json_object_new_boolean(r->method == METHOD_POST));
	json_object_object_add(json, "payload", json_object_new_boolean(r->keep_payload));
	json_object_object_add(json, "deletion", json_object_new_string(strategies[r->deletion.strategy]));
	put_parent(json, r);
	json_object_object_add(json, "windows",
	    json_object_new_int64(
	        r->window.step_s ? (plan_back_near_s(r) + r->window.step_s - 1) / r->window.step_s + 1 : 1));
	put_paging(json, &r->paging);
	put_incremental(json, &r->incremental);
	return json;
}

static void add_setting(json_object *list, const struct template *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->part[i].variable == TEMPLATE_SETTING)
			json_object_array_add(
			    list, json_object_new_string_len(t->part[i].text.p, (int)t->part[i].text.n));
}

/* The settings that a connection needs. */
static json_object *settings_json(const struct provider *p)
{
	json_object *list = json_object_new_array();
	add_setting(list, &p->base_url);
	add_setting(list, &p->auth.token_url);
	for (size_t i = 0; i < p->resources.n; i++) {
		const struct resource *r = &p->resources.at[i];
		add_setting(list, &r->path);
		for (size_t k = 0; k < r->params.n; k++)
			add_setting(list, &r->params.at[k].value);
	}
	for (size_t i = 0; i < p->headers.n; i++)
		add_setting(list, &p->headers.at[i].value);
	return list;
}

static bool names_account(const struct provider *p)
{
	bool all = true;
	for (size_t i = 0; i < p->resources.n; i++) {
		const struct resource *r = &p->resources.at[i];
		bool named = template_uses(&r->path, TEMPLATE_EXTERNAL_ID);
		for (size_t k = 0; k < r->params.n; k++)
			named = named || template_uses(&r->params.at[k].value, TEMPLATE_EXTERNAL_ID);
		all = all && named;
	}
	return all;
}

static json_object *auth_json(const struct provider *p)
{
	static const char *const kinds[] = {"none", "bearer", "oauth2"};
	json_object *json = json_object_new_object();
	json_object_object_add(json, "kind", json_object_new_string(kinds[p->auth.kind]));
	json_object_object_add(json, "rotating", json_object_new_boolean(p->auth.rotating));
	json_object_object_add(json, "refresh_early_s", json_object_new_int64(p->auth.refresh_early_s));
	json_object_object_add(json, "life_s", json_object_new_int64(p->auth.expires_in_default_s));
	return json;
}

static json_object *limit_json(const struct provider *p, size_t i)
{
	static const char *const kinds[] = {"rate", "quota", "concurrency"};
	const struct limit *l = &p->limits.at[i];
	struct plan_limit near = plan_limit_near(p, i);
	AUTO(mem_free_ptr) char *provider = mem_printf("%s_limit%zu", p->name, i);
	json_object *json = json_object_new_object();
	json_object_object_add(json, "name", json_object_new_string(l->name));
	json_object_object_add(json, "provider", json_object_new_string(provider));
	json_object_object_add(json, "suffix", json_object_new_string(strrchr(provider, 't') + 1));
	json_object_object_add(json, "kind", json_object_new_string(kinds[l->kind]));
	json_object_object_add(json, "resources", texts_json(&l->resources));
	json_object_object_add(json, "calls", json_object_new_int64(near.count / near.cost));
	json_object_object_add(json, "burst", json_object_new_int64(near.burst));
	json_object_object_add(
	    json, "for_connection", json_object_new_boolean((l->scope & SCOPE_CONNECTION) != 0));
	json_object_object_add(
	    json, "for_operation", json_object_new_boolean((l->scope & SCOPE_OPERATION) != 0));
	return json;
}

static json_object *limits_json(const struct provider *p)
{
	json_object *list = json_object_new_array();
	for (size_t i = 0; i < p->limits.n; i++)
		if (plan_limit_counts_kept(p, i))
			json_object_array_add(list, limit_json(p, i));
	return list;
}

static json_object *plan_json(const struct provider *p)
{
	struct plan plan = {.provider = p, .findings = json_object_new_array()};
	json_object *json = json_object_new_object();
	json_object *resources = json_object_new_array();
	for (size_t i = 0; i < p->resources.n; i++)
		json_object_array_add(resources, resource_json(&p->resources.at[i]));
	json_object_object_add(json, "name", json_object_new_string(p->name));
	json_object_object_add(json, "title", json_object_new_string(p->title ? p->title : p->name));
	json_object_object_add(json, "auth", auth_json(p));
	json_object_object_add(
	    json, "tells_accounts", json_object_new_boolean(p->auth.kind != AUTH_NONE || names_account(p)));
	json_object_object_add(json, "settings", settings_json(p));
	json_object_object_add(json, "resources", resources);
	json_object_object_add(json, "limits", limits_json(p));
	plan_check(&plan);
	plan_check_tokens(&plan);
	json_object_object_add(json, "rules", plan_rules(&plan));
	json_object_object_add(json, "token_rules", plan_token_rules(&plan));
	json_object_object_add(json, "findings", plan.findings);
	return json;
}

int main(int argc, char **argv)
{
	struct registry *registry = NULL;
	struct err err = {0};
	if (argc != 3) {
		fputs("usage: declaration-plan FILE FOLDER\n", stderr);
		return EXIT_USAGE;
	}
	enum rc rc = registry_load_file(argv[1], &registry, &err);
	if (rc == RC_OK)
		rc = plan_reduce(registry_at(registry, 0), argv[1], argv[2], &err);
	if (rc != RC_OK) {
		fprintf(stderr, "%s\n", err.text);
		registry_free(registry);
		return EXIT_CONFIG;
	}
	json_object *json = plan_json(registry_at(registry, 0));
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
	registry_free(registry);
	return EXIT_SUCCESS;
}

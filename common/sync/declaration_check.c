// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/declaration_check.h"
#include "sync/declaration_batch.h"
#include "sync/declaration_paging.h"
#include "sync/declaration_params.h"
#include "sync/declaration_parents.h"
#include "sync/declaration_windows.h"

/* Columns that every table of a resource has. */
static const char *const reserved_columns[] = {"connection_id", "tenant_id", "id", "payload", "content_hash",
    "first_seen_at", "synced_at", "deleted_at"};

#define FIELDS_MAX 400 /* id parts and columns; PostgreSQL's own limit is 1,600 columns */

static const config_setting_t *element(const config_setting_t *list, size_t i)
{
	return config_setting_get_elem(list, (unsigned)i);
}

static bool params_use(const struct resource *res, enum template_variable v)
{
	return list_uses(&res->list[PHASE_RECORDS], v);
}

/* ---- columns ---- */

static bool column_is_reserved(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved_columns); i++)
		if (strcmp(reserved_columns[i], name) == 0)
			return true;
	return false;
}

static enum rc check_column(
    const struct reader *r, const config_setting_t *at, const struct resource *res, size_t i)
{
	const struct column *c = &res->columns.at[i];
	if (column_is_reserved(c->name))
		return reader_fail(
		    r, reader_at(at, "name"), "\"%s\" is a column that every table has", c->name);
	for (size_t k = 0; k < i; k++)
		if (strcmp(res->columns.at[k].name, c->name) == 0)
			return reader_fail(
			    r, reader_at(at, "name"), "there is a column \"%s\" already", c->name);
	if (!c->path[0])
		return reader_fail(r, reader_at(at, "path"), "may not be empty");
	if (c->max_length && c->type != COLUMN_TEXT)
		return reader_fail(r, reader_at(at, "max_length"), "is for columns of type text only");
	if (config_setting_get_member(at, "time") && c->type != COLUMN_TIMESTAMP)
		return reader_fail(r, reader_at(at, "time"), "is for columns of type timestamp only");
	return RC_OK;
}

static enum rc check_columns(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const config_setting_t *list = reader_at(at, "columns");
	if (res->columns.n + res->id.n > FIELDS_MAX)
		return reader_fail(r, list, "at most %d id parts and columns are allowed", FIELDS_MAX);
	for (size_t i = 0; i < res->columns.n; i++) {
		enum rc rc = check_column(r, element(list, i), res, i);
		if (rc)
			return rc;
	}
	return RC_OK;
}

static enum rc check_id(const struct reader *r, const config_setting_t *at, const struct texts *id)
{
	if (id->n > ID_PARTS_MAX)
		return reader_fail(r, at, "at most %d paths are allowed", ID_PARTS_MAX);
	for (size_t i = 0; i < id->n; i++)
		if (!id->at[i][0])
			return reader_fail(r, at, "a path may not be empty");
	return RC_OK;
}

static enum rc check_identity(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	if (res->identity == IDENTITY_POSITION)
		return check_position(r, at, res);
	if (!res->id.n)
		return reader_fail(r, reader_at(at, "id"), "has to name the paths of the record's identity");
	return check_id(r, reader_at(at, "id"), &res->id);
}

/* ---- incremental, parent, deletion ---- */

static enum rc check_watermark(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const struct incremental *inc = &res->incremental;
	const config_setting_t *source = reader_at(at, "watermark");
	if (inc->watermark == WATERMARK_MAX_FIELD && !inc->field)
		return reader_fail(r, source, "max_field needs the key \"field\"");
	if (inc->watermark == WATERMARK_MAX_FIELD &&
	    (res->watermark_column < 0 || res->columns.at[res->watermark_column].type != COLUMN_TIMESTAMP))
		return reader_fail(
		    r, reader_at(at, "field"), "\"%s\" is no column of type timestamp", inc->field);
	if (inc->watermark == WATERMARK_ENVELOPE && !inc->path)
		return reader_fail(r, source, "envelope needs the key \"path\"");
	if (inc->watermark == WATERMARK_TOKEN && !res->paging.sync_token && !res->history.start.n)
		return reader_fail(r, source, "token needs a paging with the key \"sync_token\"");
	return RC_OK;
}

static enum rc check_incremental(
    const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	if (!res->incremental.on)
		return RC_OK;
	bool windows = res->window.step_s != 0;
	if (!res->hook && !windows && !params_use(res, TEMPLATE_SINCE) &&
	    !params_use(res, TEMPLATE_SYNC_TOKEN))
		return reader_fail(
		    r, at, "no parameter holds ${since} or ${sync_token}, so every walk would be a full one");
	return check_watermark(r, at, res);
}

static enum rc fail_key(const struct reader *r, const config_setting_t *paging)
{
	return reader_fail(
	    r, reader_at(paging, "key"), "the strategy key needs a path of the identity or of a column");
}

static enum rc check_list(const struct reader *r, const config_setting_t *at, const struct listing *list)
{
	enum rc rc = check_path(r, reader_at(at, "path"), list->path);
	if (!rc)
		rc = check_params(r, reader_at(at, "params"), list);
	return rc ? rc : check_paging(r, reader_at(at, "paging"), list);
}

static enum rc check_feed(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const struct deletion *d = &res->deletion;
	const config_setting_t *strategy = reader_at(at, "strategy");
	if (!d->path.n || !d->id.n)
		return reader_fail(r, strategy, "feed needs the keys \"path\" and \"id\"");
	if (d->id.n != res->id.n)
		return reader_fail(r, reader_at(at, "id"), "has %zu paths, but the records' identity has %zu",
		    d->id.n, res->id.n);
	if (!res->incremental.on)
		return reader_fail(
		    r, strategy, "feed needs the group \"incremental\": its watermark says since when");
	if (d->paging.strategy == PAGING_KEY)
		return reader_fail(r, reader_at(at, "paging"), "key is no strategy for a feed");
	enum rc rc = check_id(r, reader_at(at, "id"), &d->id);
	return rc ? rc : check_list(r, at, &res->list[PHASE_DELETED]);
}

static enum rc check_beyond(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const config_setting_t *paging = reader_at(at, "paging");
	if (res->paging.cap_action != CAP_BY_KEY)
		return reader_fail(r, at, "is for a paging with cap_action = \"by_key\"");
	if (res->beyond.paging.strategy != PAGING_KEY)
		return reader_fail(r, reader_at(paging, "strategy"), "only key leads beyond a cap");
	if (res->key_field < 0)
		return fail_key(r, paging);
	if (res->by_keys && res->id.n != 1)
		return reader_fail(r, at, "${keys} is for identities of one path");
	return check_list(r, at, &res->list[PHASE_BY_KEY]);
}

static enum rc check_deletion(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const struct deletion *d = &res->deletion;
	const config_setting_t *strategy = reader_at(at, "strategy");
	if (d->strategy == DELETION_FEED && !res->hook)
		return check_feed(r, at, res);
	if (d->strategy == DELETION_FIELD && (!d->field || !d->equals.n))
		return reader_fail(r, strategy, "field needs the keys \"field\" and \"equals\"");
	if (d->complete && d->strategy != DELETION_FIELD)
		return reader_fail(r, reader_at(at, "complete"), "is for the strategy field");
	return RC_OK;
}

static enum rc check_fields(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	const struct listing *list = &res->list[PHASE_FIELDS];
	enum rc rc = check_path(r, reader_at(at, "path"), list->path);
	if (!rc)
		rc = check_params(r, reader_at(at, "params"), list);
	if (!rc && list->id->n != 1)
		rc = reader_fail(r, reader_at(at, "id"), "has to be one path: of a field's name");
	if (!rc && !params_use(res, TEMPLATE_COLUMNS))
		rc = reader_fail(
		    r, at, "no parameter holds ${columns}, so what is found would not be asked for");
	return rc;
}

/* ---- a resource ---- */

typedef enum rc check_fn(const struct reader *r, const config_setting_t *at, const struct resource *res);

static enum rc check_own_path(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	if (template_uses(&res->path, TEMPLATE_ASK))
		return reader_fail(r, at, "${ask.<name>} is for asks");
	return check_path(r, at, &res->path);
}

static enum rc check_own_params(
    const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	if (params_use(res, TEMPLATE_ASK))
		return reader_fail(r, at, "${ask.<name>} is for asks");
	return check_params(r, at, &res->list[PHASE_RECORDS]);
}

static enum rc check_own_paging(
    const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	if (res->paging.cap_action == CAP_SHRINK_WINDOW && !res->window.step_s)
		return reader_fail(
		    r, reader_at(at, "cap_action"), "shrink_window needs the group \"window\"");
	if (res->paging.cap_action == CAP_BY_KEY && !res->list[PHASE_BY_KEY].path)
		return reader_fail(r, reader_at(at, "cap_action"), "by_key needs the group \"beyond\"");
	if (res->paging.strategy == PAGING_KEY && res->key_field < 0)
		return fail_key(r, at);
	if (res->paging.strategy == PAGING_HISTORY && !res->history.start.n)
		return reader_fail(r, reader_at(at, "strategy"), "history needs the group \"history\"");
	return check_paging(r, at, &res->list[PHASE_RECORDS]);
}

static enum rc check_verdicts(
    const struct reader *r, const config_setting_t *list, const struct verdict_rule *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct verdict_rule *v = &at[i];
		if (!v->path && (v->equals.n || v->present))
			return reader_fail(r, element(list, i), "equals and present need the key \"path\"");
		if (!v->status.n && !v->path && !v->contains.n && !v->header)
			return reader_fail(r, element(list, i),
			    "the rule holds for everything; give it a status, path, "
			    "contains or header");
	}
	return RC_OK;
}

static enum rc check_resource_verdicts(
    const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	return check_verdicts(r, at, res->verdicts.at, res->verdicts.n);
}

static enum rc check_url(const struct reader *r, const config_setting_t *at, const struct template *url)
{
	struct str s = url->n ? url->part[0].text : STR("");
	if (url->n && url->part[0].variable == TEMPLATE_LITERAL &&
	    (str_starts(s, STR("https://")) || str_starts(s, STR("http://"))))
		return RC_OK;
	return reader_fail(r, at, "has to begin with https:// (http:// is for tests)");
}

static enum rc check_own_url(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	return check_url(r, at, &res->base_url);
}

static enum rc check_resource(const struct reader *r, const config_setting_t *at, const struct resource *res)
{
	/* Those with a key are asked only when the key is there. */
	static const struct {
		const char *key;
		check_fn *check;
	} checks[] = {
	    {NULL, check_identity},
	    {NULL, check_columns},
	    {"base_url", check_own_url},
	    {"path", check_own_path},
	    {"params", check_own_params},
	    {"paging", check_own_paging},
	    {"beyond", check_beyond},
	    {"incremental", check_incremental},
	    {"window", check_window},
	    {NULL, check_parent_keys},
	    {"parent", check_parent},
	    {"deletion", check_deletion},
	    {"batch", check_batch},
	    {"history", check_history},
	    {"fields", check_fields},
	    {"verdicts", check_resource_verdicts},
	};
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		const config_setting_t *s = checks[i].key ? config_setting_get_member(at, checks[i].key) : at;
		enum rc rc = s ? checks[i].check(r, s, res) : RC_OK;
		if (rc)
			return rc;
	}
	return RC_OK;
}

static enum rc check_resources(const struct reader *r, const config_setting_t *list, const struct provider *p)
{
	if (!p->resources.n)
		return reader_fail(r, list, "at least one resource is needed");
	for (size_t i = 0; i < p->resources.n; i++) {
		const struct resource *res = &p->resources.at[i];
		for (size_t k = 0; k < i; k++) {
			if (strcmp(p->resources.at[k].name, res->name) == 0)
				return reader_fail(r, reader_at(element(list, i), "name"),
				    "there is a resource \"%s\" already", res->name);
			if (strcmp(p->resources.at[k].table, res->table) == 0)
				return reader_fail(r, reader_at(element(list, i), "table"),
				    "the resource \"%s\" has that table", p->resources.at[k].name);
		}
		enum rc rc = check_resource(r, element(list, i), res);
		if (rc)
			return rc;
	}
	return RC_OK;
}

/* ---- asks ---- */

static enum rc check_ask(const struct reader *r, const config_setting_t *at, const struct resource *ask)
{
	const config_setting_t *verdicts = config_setting_get_member(at, "verdicts");
	enum rc rc = check_path(r, reader_at(at, "path"), &ask->path);
	if (!rc)
		rc = check_params(r, reader_at(at, "params"), &ask->list[PHASE_RECORDS]);
	if (!rc)
		rc = check_body_json(r, at, ask);
	return rc || !verdicts ? rc : check_verdicts(r, verdicts, ask->verdicts.at, ask->verdicts.n);
}

static enum rc check_asks(const struct reader *r, const config_setting_t *root, const struct provider *p)
{
	const config_setting_t *list = reader_at(root, "asks");
	const config_setting_t *resources = reader_at(root, "resources");
	for (size_t i = 0; i < p->asks.n; i++) {
		const config_setting_t *at = element(list, i);
		if (provider_find_ask(p, str_of(p->asks.at[i].name)) != &p->asks.at[i])
			return reader_fail(
			    r, reader_at(at, "name"), "there is an ask \"%s\" already", p->asks.at[i].name);
		enum rc rc = check_ask(r, at, &p->asks.at[i]);
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < p->resources.n; i++)
		if (str_starts(str_of(p->resources.at[i].name), STR("ask_")))
			return reader_fail(r, reader_at(element(resources, i), "name"),
			    "names that begin with ask_ are those of asks");
	return RC_OK;
}

/* ---- the provider ---- */

static enum rc check_origin(const struct reader *r, const config_setting_t *at, const struct provider *p)
{
	if (p->origin_setting && !p->origin_hosts.n)
		return reader_fail(r, at, "needs the key \"origin_hosts\": where the token may be sent");
	return RC_OK;
}

static enum rc check_auth(const struct reader *r, const config_setting_t *at, const struct provider *p)
{
	const struct auth *a = &p->auth;
	if (a->kind == AUTH_OAUTH2 && !a->token_url.n)
		return reader_fail(r, at, "oauth2 needs the key \"token_url\"");
	if (a->kind != AUTH_NONE && !header_is_safe(a->header))
		return reader_fail(r, reader_at(at, "header"), "\"%s\" is no name of a header", a->header);
	const config_setting_t *verdicts = config_setting_get_member(at, "verdicts");
	return verdicts ? check_verdicts(r, verdicts, a->verdicts.at, a->verdicts.n) : RC_OK;
}

static enum rc check_limits(const struct reader *r, const config_setting_t *list, const struct provider *p)
{
	for (size_t i = 0; i < p->limits.n; i++) {
		const struct limit *l = &p->limits.at[i];
		for (size_t k = 0; k < l->resources.n; k++)
			if (!provider_find_resource(p, str_of(l->resources.at[k])))
				return reader_fail(r, reader_at(element(list, i), "resources"),
				    "there is no resource \"%s\"", l->resources.at[k]);
	}
	return RC_OK;
}

static const struct dc_variable *find_variable(const struct data_centre *dc, struct str name)
{
	for (size_t i = 0; i < dc->variables.n; i++)
		if (str_is(name, dc->variables.at[i].name))
			return &dc->variables.at[i];
	return NULL;
}

static enum rc check_dc_variables(
    const struct reader *r, const config_setting_t *at, const struct template *t, const struct provider *p)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->part[i].variable != TEMPLATE_DC)
			continue;
		if (!p->data_centres.n)
			return reader_fail(
			    r, at, "${dc.%.*s} needs the key \"data_centres\"", STR_ARG(t->part[i].text));
		for (size_t k = 0; k < p->data_centres.n; k++)
			if (!find_variable(&p->data_centres.at[k], t->part[i].text))
				return reader_fail(r, at, "the data centre \"%s\" has no variable \"%.*s\"",
				    p->data_centres.at[k].name, STR_ARG(t->part[i].text));
	}
	return RC_OK;
}

static enum rc check_data_centres(
    const struct reader *r, const config_setting_t *root, const struct provider *p)
{
	const config_setting_t *auth = reader_at(root, "auth");
	if (p->data_centres.n && !p->data_centre)
		return reader_fail(
		    r, root, "data_centres need the key \"data_centre\": the one to take by default");
	if (p->data_centre && !provider_find_data_centre(p, str_of(p->data_centre)))
		return reader_fail(
		    r, reader_at(root, "data_centre"), "there is no data centre \"%s\"", p->data_centre);
	enum rc rc = check_dc_variables(r, reader_at(root, "base_url"), &p->base_url, p);
	if (!rc)
		rc = check_dc_variables(r, reader_at(auth, "token_url"), &p->auth.token_url, p);
	if (!rc)
		rc = check_dc_variables(r, reader_at(auth, "authorize_url"), &p->auth.authorize_url, p);
	if (!rc)
		rc = check_dc_variables(r, reader_at(auth, "revoke_url"), &p->auth.revoke_url, p);
	if (!rc)
		rc = check_dc_variables(r, reader_at(auth, "account"), &p->auth.account.url, p);
	return rc;
}

static enum rc check_headers(const struct reader *r, const config_setting_t *list, const struct provider *p)
{
	for (size_t i = 0; i < p->headers.n; i++) {
		enum rc rc = check_param(r, element(list, i), &p->headers.at[i]);
		if (rc)
			return rc;
	}
	return RC_OK;
}

enum rc declaration_check(const struct reader *r, const config_setting_t *root, const struct provider *p)
{
	enum rc rc = check_url(r, reader_at(root, "base_url"), &p->base_url);
	if (!rc)
		rc = check_origin(r, reader_at(root, "origin_setting"), p);
	if (!rc)
		rc = check_auth(r, reader_at(root, "auth"), p);
	if (!rc)
		rc = check_data_centres(r, root, p);
	if (!rc)
		rc = check_headers(r, reader_at(root, "headers"), p);
	if (!rc)
		rc = check_verdicts(r, reader_at(root, "verdicts"), p->verdicts.at, p->verdicts.n);
	if (!rc)
		rc = check_resources(r, reader_at(root, "resources"), p);
	if (!rc)
		rc = check_asks(r, root, p);
	if (!rc)
		rc = check_limits(r, reader_at(root, "limits"), p);
	return rc;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/slice.h"
#include "sync/declaration_lists.h"

/* Where the key is in what is read of each record. */
static int find_field(const struct resource *res, const char *path)
{
	for (size_t i = 0; path && i < res->id.n; i++)
		if (strcmp(res->id.at[i], path) == 0)
			return (int)i;
	for (size_t i = 0; path && i < res->columns.n; i++)
		if (strcmp(res->columns.at[i].path, path) == 0)
			return (int)(res->id.n + i);
	return -1;
}

struct str path_parent_key(const char *path)
{
	struct str s = str_of(path);
	struct str head = STR("${parent.");
	if (!str_starts(s, head) || s.p[s.n - 1] != '}')
		return (struct str){0};
	return (struct str){s.p + head.n, s.n - head.n - 1};
}

static bool takes_keys(const struct resource *res)
{
	for (size_t i = 0; i < res->id.n; i++)
		if (path_parent_key(res->id.at[i]).p)
			return true;
	for (size_t i = 0; i < res->columns.n; i++)
		if (path_parent_key(res->columns.at[i].path).p)
			return true;
	return false;
}

static void view_records(struct resource *res)
{
	res->list[PHASE_RECORDS] = (struct listing){.method = res->method,
	    .body = res->body,
	    .path = &res->path,
	    .params = res->params.at,
	    .nparams = res->params.n,
	    .records = res->records,
	    .paging = &res->paging,
	    .id = &res->id};
}

static void view_beyond(struct resource *res)
{
	struct beyond *b = &res->beyond;
	res->list[PHASE_BY_KEY] = (struct listing){.method = b->method,
	    .body = b->body,
	    .path = &b->path,
	    .params = b->params.at,
	    .nparams = b->params.n,
	    .records = b->records ? b->records : res->records,
	    .paging = &b->paging,
	    .id = &res->id};
	for (size_t i = 0; i < res->params.n; i++)
		res->by_keys = res->by_keys || template_uses(&res->params.at[i].value, TEMPLATE_KEYS);
}

static void view_deleted(struct resource *res)
{
	struct deletion *d = &res->deletion;
	res->list[PHASE_DELETED] = (struct listing){.path = &d->path,
	    .params = d->params.at,
	    .nparams = d->params.n,
	    .records = d->records,
	    .paging = &d->paging,
	    .id = &d->id};
}

static void view_history(struct resource *res)
{
	static const struct texts unread = {0};
	struct history *h = &res->history;
	res->list[PHASE_START] = (struct listing){
	    .path = &h->start, .records = h->records, .paging = &h->paging, .id = &unread};
	res->list[PHASE_CHANGES] = (struct listing){.path = &h->path,
	    .params = h->params.at,
	    .nparams = h->params.n,
	    .records = h->records,
	    .paging = &h->paging,
	    .id = &unread};
}

static void view_parts(struct resource *res)
{
	static const struct paging none = {.strategy = PAGING_NONE};
	res->list[PHASE_PARTS] = (struct listing){.method = METHOD_POST,
	    .body = BODY_PARTS,
	    .path = &res->batch.path,
	    .paging = &none,
	    .id = &res->id};
}

static void view_fields(struct resource *res)
{
	static const struct paging one_page = {.stop = STOP_CURSOR};
	struct discovery *d = &res->fields;
	res->list[PHASE_FIELDS] = (struct listing){.path = &d->path,
	    .params = d->params.at,
	    .nparams = d->params.n,
	    .records = d->records,
	    .paging = &one_page,
	    .id = &d->id};
}

void lists_view(struct resource *res)
{
	bool by_key = res->paging.strategy == PAGING_KEY;
	view_records(res);
	res->takes_keys = takes_keys(res);
	if (res->beyond.path.n)
		view_beyond(res);
	if (res->deletion.strategy == DELETION_FEED && res->deletion.path.n)
		view_deleted(res);
	if (res->history.path.n)
		view_history(res);
	if (res->batch.path.n)
		view_parts(res);
	if (res->fields.path.n)
		view_fields(res);
	res->key_field = find_field(res, by_key ? res->paging.key : res->beyond.paging.key);
}

/* Paths of what the engine reads of each record, with room for one more. The caller frees the array. */
static const char **plan_fields(const struct resource *res, enum phase phase, size_t *ret_n)
{
	const struct texts *id = res->list[phase].id;
	const struct deletion *d = &res->deletion;
	const char **fields = mem_array(id->n + res->columns.n + 2, sizeof *fields);
	size_t n = 0;
	for (size_t i = 0; i < id->n; i++)
		fields[n++] = id->at[i];
	if (phase == PHASE_DELETED && d->time)
		fields[n++] = d->time;
	*ret_n = n;
	if (phase == PHASE_DELETED || phase == PHASE_START || phase == PHASE_CHANGES || phase == PHASE_FIELDS)
		return fields;
	for (size_t i = 0; i < res->columns.n; i++)
		fields[n++] = res->columns.at[i].path;
	if (d->strategy == DELETION_FIELD && d->field)
		fields[n++] = d->field;
	*ret_n = n;
	return fields;
}

static void compile_list(struct resource *res, enum phase phase)
{
	struct listing *list = &res->list[phase];
	const char *envelope_paths[ENVELOPE_COUNT] = {
	    [ENVELOPE_NEXT] = list->paging->next,
	    [ENVELOPE_SYNC_TOKEN] = list->paging->sync_token,
	    [ENVELOPE_MORE] = list->paging->more,
	    [ENVELOPE_TOTAL] = list->paging->total,
	    [ENVELOPE_WATERMARK] = res->incremental.path,
	};
	const char *envelope[ENVELOPE_COUNT];
	size_t nenvelope = 0, n;
	for (size_t i = 0; i < ENVELOPE_COUNT; i++) {
		list->envelope[i] = envelope_paths[i] ? (int)nenvelope : -1;
		if (envelope_paths[i])
			envelope[nenvelope++] = envelope_paths[i];
	}
	const char **fields = plan_fields(res, phase, &n);
	list->plan = slice_plan_new(list->records, fields, n, envelope, nenvelope);
	free(fields);
}

/* A part is one record: there is no list in it, and no member has this name. */
static void compile_parts(struct resource *res)
{
	size_t n;
	const char **fields = plan_fields(res, PHASE_PARTS, &n);
	fields[n++] = "";
	res->list[PHASE_PARTS].plan = slice_plan_new("\x01", NULL, 0, fields, n);
	free(fields);
}

void lists_compile(struct resource *res)
{
	for (size_t i = 0; i < PHASE_PARTS; i++)
		if (res->list[i].path)
			compile_list(res, (enum phase)i);
	if (res->list[PHASE_PARTS].path)
		compile_parts(res);
}

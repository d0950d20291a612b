// SPDX-License-Identifier: Apache-2.0
#pragma once
/* A walk in the hands of a test, which plays the worker and the provider. For tests only. */
#include "base/base.h"
#include "base/json.h"
#include "provider.h"

#include "../declarations.h"

#define NOW_US INT64_C(1795000000000000) /* 2026-11-18T11:06:40Z */
#define DAY_US INT64_C(86400000000)

/* A declaration of one resource, for what no real one uses. */
static inline struct registry *declare(const char *resource)
{
	char file[] = "/tmp/declared-XXXXXX";
	FILE *f = fdopen(mkstemp(file), "w");
	struct registry *reg = NULL;
	struct err err = {0};
	assert_non_null(f);
	fprintf(f,
	    "name = \"p\"; base_url = \"https://api.p.example/base\"; auth = { kind = \"none\"; };\n"
	    "resources = ( { name = \"r\"; table = \"t\"; path = \"/r\"; records = \"d\"; id = [\"id\"];\n"
	    "columns = ( { name = \"at\"; path = \"at\"; type = \"timestamp\"; } ); %s } );",
	    resource);
	fclose(f);
	if (registry_load_file(file, &reg, &err))
		fail_msg("%s", err.text);
	remove(file);
	return reg;
}

static inline const struct resource *find_in(
    const struct registry *reg, const char *provider, const char *resource)
{
	const struct provider *p = registry_find_provider(reg, str_of(provider));
	return p ? provider_find_resource(p, str_of(resource)) : NULL;
}

struct rig {
	struct walk walk;
	struct account account;
	struct provider_request request;
	struct page page;
	struct buf cursor;
	struct buf ids; /* raw ids of all records, separated by spaces */
	struct err err;
};

static inline void rig_init(struct rig *rig, const struct resource *r)
{
	assert_non_null(r);
	*rig = (struct rig){
	    .walk = {.provider = r->provider, .resource = r, .now_us = NOW_US},
	    .account = {.external_id = STR("acc 1/x"), .access_token = STR("tok")},
	    .cursor = BUF(1 << 16),
	    .ids = BUF(1 << 20),
	};
}

static inline void rig_done(struct rig *rig)
{
	provider_request_done(&rig->request);
	page_done(&rig->page);
	buf_done(&rig->cursor);
	buf_done(&rig->ids);
	json_object_put(rig->account.settings);
}

static inline enum rc gather(void *user, const struct record *rec)
{
	static const char *const marks[] = {
	    [RECORD_LIVE] = "", [RECORD_GONE] = "-", [RECORD_FED] = "fed:", [RECORD_BAD] = "!"};
	struct rig *rig = user;
	assert_int_equal(rec->raw.p[0], '{');
	buf_add_text(&rig->ids, marks[rec->kind]);
	buf_add_str(&rig->ids, slice_str(rec->fields[0]));
	buf_add_char(&rig->ids, ' ');
	return RC_OK;
}

static inline const char *ask(struct rig *rig)
{
	if (provider_next(&rig->walk, &rig->account, &rig->request, &rig->err))
		fail_msg("%s", rig->err.text);
	return rig->request.url;
}

/* Answers the last request and moves the walk on when it goes on. */
static inline const struct page *answer_to(struct rig *rig, provider_record_fn *record, int status,
    const struct http_header *header, const char *text)
{
	AUTO(buf_done) struct buf body = BUF(1 << 20);
	struct http_response res = {status, &body, header, header ? 1 : 0, 5};
	buf_add_text(&body, text);
	provider_page(&rig->walk, &res, record, rig, &rig->page);
	if (!rig->page.verdict.class && !rig->page.last) {
		buf_clear(&rig->cursor);
		buf_add_str(&rig->cursor, buf_str(&rig->page.cursor));
		rig->walk.cursor = buf_str(&rig->cursor);
		rig->walk.now_us += 1000000;
	}
	return &rig->page;
}

static inline const struct page *answer_with(
    struct rig *rig, int status, const struct http_header *header, const char *text)
{
	return answer_to(rig, gather, status, header, text);
}

static inline const struct page *answer(struct rig *rig, const char *text)
{
	return answer_with(rig, 200, NULL, text);
}

static inline bool has_header(const struct rig *rig, const char *line)
{
	for (size_t i = 0; i < rig->request.nheaders; i++)
		if (strcmp(rig->request.headers[i], line) == 0)
			return true;
	return false;
}

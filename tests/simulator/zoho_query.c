// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "api.h"
#include "zoho.h"

#include <ctype.h>
#include <json-c/json.h>

#define LIMIT_DEFAULT 200
#define LIMIT_MAX 2000
#define QUERY_MAX 4096

/*
 * COQL, as far as walks by id need it: select FIELDS from MODULE where CONDITION [order by id asc] [limit N],
 * with conditions on id and Modified_Time, two of them in brackets.
 */
struct query {
	char text[QUERY_MAX]; /* what is left of it begins at `at` */
	const char *at;
	char fields[QUERY_MAX];
	char module[64];
	uint64_t after; /* ids from this index on */
	int64_t since_us;
	uint64_t limit;
};

static bool word(struct query *q, const char *want)
{
	size_t n = strlen(want);

	while (isspace((unsigned char)*q->at))
		q->at++;
	if (strncasecmp(q->at, want, n) != 0)
		return false;
	q->at += n;
	return true;
}

/* Up to the next blank or one of `ends`. */
static bool token(struct query *q, const char *ends, char *ret, size_t max)
{
	size_t n = 0;

	while (isspace((unsigned char)*q->at))
		q->at++;
	while (q->at[n] && !isspace((unsigned char)q->at[n]) && !strchr(ends, q->at[n]))
		n++;
	if (!n || n >= max)
		return false;
	memcpy(ret, q->at, n);
	ret[n] = '\0';
	q->at += n;
	return true;
}

static bool fields_read(struct query *q)
{
	char field[128];
	size_t n = 0;

	do {
		if (!token(q, ",", field, sizeof field))
			return false;
		n += (size_t)snprintf(q->fields + n, sizeof q->fields - n, "%s,", field);
	} while (n < sizeof q->fields && word(q, ","));
	return n < sizeof q->fields;
}

static bool condition_read(struct query *q, const struct account *account, unsigned digit)
{
	char name[64];
	char operator[4];
	char value[64];

	if (!token(q, "<>=", name, sizeof name) || !token(q, "'0123456789", operator, sizeof operator) ||
	    !token(q, ")", value, sizeof value))
		return false;
	struct str text = str_of(value);
	if (text.n >= 2 && text.p[0] == '\'' && text.p[text.n - 1] == '\'')
		text = (struct str){text.p + 1, text.n - 2};
	if (strcmp(name, "Modified_Time") == 0)
		return strcmp(operator, ">=") == 0 && clock_parse(text, false, &q->since_us);
	if (strcmp(name, "id") != 0 || strcmp(operator, ">") != 0)
		return false;
	if (zoho_id_index(account, digit, text, &q->after))
		q->after++;
	return true;
}

static bool where_read(struct query *q, const struct account *account, unsigned digit)
{
	bool brackets = word(q, "(");

	if (!condition_read(q, account, digit))
		return false;
	if (brackets && (!word(q, "and") || !condition_read(q, account, digit) || !word(q, ")")))
		return false;
	return true;
}

static bool limit_read(struct query *q)
{
	char text[32] = "";
	int64_t n = LIMIT_DEFAULT;

	if (word(q, "limit") && (!token(q, ",", text, sizeof text) || !str_to_i64(str_of(text), &n)))
		return false;
	q->limit = (uint64_t)n;
	return n > 0;
}

static bool query_read(struct query *q, const struct account *account)
{
	if (!word(q, "select ") || !fields_read(q) || !word(q, "from ") ||
	    !token(q, "", q->module, sizeof q->module))
		return false;
	const struct zoho_module *module = zoho_module_find(str_of(q->module));
	if (!module)
		return false;
	if (!word(q, "where ") || !where_read(q, account, module->digit))
		return false;
	if (word(q, "order by") && (!word(q, "id") || !word(q, "asc")))
		return false;
	return limit_read(q) && (word(q, ""), !*q->at);
}

static bool body_read(struct exchange *ex, struct query *q)
{
	struct json_object *json = NULL, *text = NULL;
	struct json_tokener *tokener = json_tokener_new();
	const char *s = NULL;

	if (!tokener)
		abort();
	json = json_tokener_parse_ex(tokener, ex->req.body.p, (int)ex->req.body.n);
	json_tokener_free(tokener);
	if (json && json_object_object_get_ex(json, "select_query", &text))
		s = json_object_get_string(text);
	bool ok = s && strlen(s) < sizeof q->text;
	if (ok)
		memcpy(q->text, s, strlen(s) + 1);
	q->at = q->text;
	json_object_put(json);
	return ok;
}

static void part_add(struct exchange *ex, uint64_t i, const char *fields, struct buf *ret)
{
	if (strcmp(fields, "id,") != 0) {
		zoho_record_part(ex, i, fields, true, ret);
		return;
	}
	buf_add_text(ret, "{\"id\":\"");
	zoho_record_id(ex->account, ex->resource, i, ret);
	buf_add_text(ret, "\"}");
}

static void page(struct simulator *sim, struct exchange *ex)
{
	const struct window *w = &ex->window;
	const struct view *view = view_get(ex->account, ex->resource, &w->of);
	struct query q = {0};
	uint64_t n = 0;

	if (!body_read(ex, &q) || !query_read(&q, ex->account))
		return; /* it was read before: this cannot be */
	uint64_t k = zoho_position(view, w->key);
	buf_add_text(&sim->body, "{\"data\":[");
	for (; k < view->n && n < w->limit; k++, n++) {
		if (n)
			buf_add_char(&sim->body, ',');
		part_add(ex, view_at(view, k), q.fields, &sim->body);
	}
	buf_printf(&sim->body, "],\"info\":{\"count\":%" PRIu64 ",\"more_records\":%s}}", n,
	    k < view->n ? "true" : "false");
	if (!n) {
		buf_clear(&sim->body);
		ex->answer.status = 204;
	}
}

void zoho_query_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api coql = {ZOHO_CALL, .page = page};
	struct query q = {.since_us = INT64_MIN};

	ex->api = &coql;
	if (!zoho_admit(sim, ex, STR("Leads")))
		return;
	if (!body_read(ex, &q)) {
		zoho_fail(sim, ex, 400, "MANDATORY_NOT_FOUND", "{\"api_name\":\"select_query\"}",
		    "required field not found");
		return;
	}
	if (!query_read(&q, ex->account)) {
		zoho_fail(sim, ex, 400, "SYNTAX_ERROR", "{\"near\":\"where\"}",
		    "error occurred while parsing the query");
		return;
	}
	if (q.limit > LIMIT_MAX) {
		zoho_fail(sim, ex, 400, "LIMIT_EXCEEDED", "{\"limit\":2000,\"clause\":\"limit\"}",
		    "limit exceeded in the query");
		return;
	}
	zoho_admit(sim, ex, str_of(q.module));
	ex->window.of.order = ORDER_ID;
	ex->window.of.updated_since_us = q.since_us;
	ex->window.key = q.after;
	ex->window.limit = q.limit;
}

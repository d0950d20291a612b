// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "declared.h"

#define SCRIPT_MAX (1u << 20)
#define SCRIPT_DEPTH 6

struct planned {
	struct script_answer answer;
	char *headers;
	char *body;
	char resource[RESOURCE_NAME_MAX + 1];
	int64_t after;
	int64_t times;
	int64_t seen;
	int64_t hits;
	struct planned *next;
};

struct script {
	char account[ACCOUNT_NAME_MAX + 1];
	uint64_t page_max;
	uint64_t parents;
	struct planned *first;
	struct script *next;
};

static struct script *scripts;

static struct script *script_find(const struct account *account)
{
	struct script *s = scripts;

	while (s && strcmp(s->account, account->name) != 0)
		s = s->next;
	return s;
}

uint64_t script_page_max(const struct account *account)
{
	const struct script *s = script_find(account);

	return s ? s->page_max : 0;
}

uint64_t script_parents(const struct account *account)
{
	const struct script *s = script_find(account);

	return s ? s->parents : 1;
}

const struct script_answer *script_next(const struct exchange *ex)
{
	const struct script *s = script_find(ex->account);
	const struct script_answer *found = NULL;

	for (struct planned *p = s ? s->first : NULL; p; p = p->next) {
		if (strcmp(p->resource, ex->resource->name) != 0 || p->seen++ < p->after ||
		    (p->times >= 0 && p->hits >= p->times) || found)
			continue;
		p->hits++;
		found = &p->answer;
	}
	return found;
}

static void planned_free(struct planned *p)
{
	while (p) {
		struct planned *next = p->next;

		free(p->headers);
		free(p->body);
		free(p);
		p = next;
	}
}

void script_clear(void)
{
	while (scripts) {
		struct script *s = scripts;

		scripts = s->next;
		planned_free(s->first);
		free(s);
	}
}

/* ---- control ---- */

static int64_t number(struct json_object *json, const char *key, int64_t fallback)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(json, key, &value) ? json_object_get_int64(value) : fallback;
}

static char *header_lines(struct json_object *json)
{
	struct buf lines = BUF(HEADERS_MAX);
	struct json_object *headers = json_object_object_get(json, "headers");

	if (headers) {
		json_object_object_foreach(headers, name, value)
		{
			buf_printf(&lines, "%s: %s\r\n", name, json_object_get_string(value));
		}
	}
	char *text = mem_strdup(buf_text(&lines));
	buf_done(&lines);
	return text;
}

static struct planned *planned_new(struct json_object *json)
{
	struct planned *p = mem_zalloc(sizeof *p);
	const char *body = json_object_get_string(json_object_object_get(json, "body"));
	const char *resource = json_object_get_string(json_object_object_get(json, "resource"));

	str_copy(p->resource, sizeof p->resource, resource ? resource : "");
	p->headers = header_lines(json);
	p->body = mem_strdup(body ? body : "");
	p->after = number(json, "after", 0);
	p->times = number(json, "times", 1);
	p->answer = (struct script_answer){number(json, "status", 200), p->headers, p->body};
	return p;
}

static void script_add(const struct account *account, struct json_object *json)
{
	struct script *s = script_find(account);
	struct json_object *answers = json_object_object_get(json, "answers");

	if (!s) {
		s = mem_zalloc(sizeof *s);
		s->parents = 1;
		memcpy(s->account, account->name, sizeof s->account);
		s->next = scripts;
		scripts = s;
	}
	s->page_max = (uint64_t)number(json, "page_max", (int64_t)s->page_max);
	s->parents = (uint64_t)number(json, "parents", (int64_t)s->parents);
	struct planned **end = &s->first;
	while (*end)
		end = &(*end)->next;
	for (size_t i = 0; answers && i < json_object_array_length(answers); i++, end = &(*end)->next)
		*end = planned_new(json_object_array_get_idx(answers, i));
}

void control_script(struct simulator *sim, struct exchange *ex)
{
	AUTO(json_put_ptr) struct json_object *json = NULL;
	struct account *account = account_find(&sim->accounts, ex->args[0]);
	struct err err;

	if (!account)
		answer_error(sim, ex, 404, "no such account");
	else if (json_parse(ex->req.body, SCRIPT_MAX, SCRIPT_DEPTH, &json, &err) != RC_OK ||
	         !json_object_is_type(json, json_type_object))
		answer_error(sim, ex, 400, "the body must be a JSON object");
	else {
		script_add(account, json);
		answer_text(sim, ex, 200, "{}\n");
	}
}

// SPDX-License-Identifier: Apache-2.0
/* An answer is made for each rule, and the rules are asked which of them decides it. */
#include "base/base.h"
#include "plan.h"
#include "provider.h"
#include "sync/rules.h"

#define BODY_MAX (8u << 10)
#define KEY_MAX 96
#define PROBE "conform-probe"

static const char REACHED[] = "a rule that decides some answer";

/* Rules in the order in which they are asked, and where each is in the file. */
struct order {
	const struct verdict_rule *at[256];
	char key[256][KEY_MAX];
	size_t n;
	bool sends_cursors;
};

struct made {
	int status;
	struct buf body;
	const char *header;
	bool cursor_sent;
};

static void order_add(struct order *o, const struct verdict_rule *rules, size_t n, const char *where)
{
	for (size_t i = 0; i < n && o->n < ARRAY_SIZE(o->at); i++, o->n++) {
		o->at[o->n] = &rules[i];
		snprintf(o->key[o->n], KEY_MAX, "%s[%zu]", where, i);
	}
}

/* ---- answers ---- */

/* The document that has `value` at the path; takes the value's reference. */
static json_object *document(struct str path, json_object *value)
{
	int64_t index = 0;
	if (!path.n)
		return value;
	struct str name = str_cut(&path, '.');
	json_object *inner = document(path, value);
	json_object *outer;
	if (str_is(name, "*") || str_to_i64(name, &index)) {
		outer = json_object_new_array();
		for (int64_t i = 0; i < index; i++)
			json_object_array_add(outer, NULL);
		json_object_array_add(outer, inner);
		return outer;
	}
	AUTO(mem_free_ptr) char *key = mem_strndup(name.p, name.n);
	outer = json_object_new_object();
	json_object_object_add(outer, key, inner);
	return outer;
}

static void make_body(const struct verdict_rule *rule, const char *value, struct buf *ret)
{
	buf_clear(ret);
	if (!rule->path) {
		buf_add_text(ret, rule->contains.n ? value : "{}");
		return;
	}
	if (rule->present == TRI_NO) {
		buf_add_text(ret, "{}");
		return;
	}
	json_object *doc = document(str_of(rule->path), json_object_new_string(value));
	buf_add_text(ret, json_object_to_json_string_ext(doc, JSON_C_TO_STRING_PLAIN));
	json_object_put(doc);
}

/* The place in the order of the rule that decides the answer; o->n: none. */
static size_t decides(const struct order *o, struct made *m)
{
	struct http_header header = {0};
	if (m->header)
		header = (struct http_header){str_of(m->header), STR("1")};
	struct http_response response = {
	    .status = m->status, .body = &m->body, .headers = &header, .nheaders = m->header != NULL};
	struct rules_answer answer = {.response = &response, .cursor_sent = m->cursor_sent};
	size_t i = 0;
	while (i < o->n && !rules_find(o->at[i], 1, &answer))
		i++;
	rules_answer_done(&answer);
	return i;
}

/* One try: status and value are given. True when rule `k` decides it; else *ret_first is who does. */
static bool try_answer(const struct order *o, size_t k, const char *value, struct made *m, size_t *ret_first)
{
	const struct verdict_rule *rule = o->at[k];
	make_body(rule, value, &m->body);
	m->header = rule->header;
	for (int sent = 0; sent <= 1; sent++) {
		m->cursor_sent = sent;
		if ((rule->cursor_sent == TRI_YES && !sent) || (rule->cursor_sent == TRI_NO && sent) ||
		    (sent && !o->sends_cursors))
			continue;
		size_t found = decides(o, m);
		if (found == k)
			return true;
		if (found < k)
			*ret_first = MIN(*ret_first, found);
	}
	return false;
}

static bool try_values(const struct order *o, size_t k, struct made *m, size_t *ret_first)
{
	const struct verdict_rule *rule = o->at[k];
	for (size_t i = 0; i < rule->equals.n; i++)
		if (try_answer(o, k, rule->equals.at[i], m, ret_first))
			return true;
	for (size_t i = 0; i < rule->contains.n; i++)
		if (try_answer(o, k, rule->contains.at[i], m, ret_first))
			return true;
	return try_answer(o, k, PROBE, m, ret_first);
}

/* Looks for an answer that rule `k` decides. */
static bool find_answer(const struct order *o, size_t k, struct made *m, size_t *ret_first)
{
	static const int usual[] = {400, 200, 403, 401, 404, 429, 500, 503};
	const struct verdict_rule *rule = o->at[k];
	size_t n = rule->status.n ? rule->status.n : ARRAY_SIZE(usual);
	for (size_t i = 0; i < n; i++) {
		m->status = rule->status.n ? (int)rule->status.at[i] : usual[i];
		if (try_values(o, k, m, ret_first))
			return true;
	}
	return false;
}

/* ---- findings ---- */

static void find_fault(
    struct plan *p, const struct order *o, size_t k, const struct resource *r, size_t first)
{
	if (first < k)
		plan_fail(p, r, REACHED, o->key[k], "every answer that it fits is decided by %s already",
		    o->key[first]);
	else if (o->at[k]->cursor_sent == TRI_YES && !o->sends_cursors)
		plan_fail(
		    p, r, REACHED, o->key[k], "it needs a cursor in the request, and this paging sends none");
	else
		plan_fail(p, r, REACHED, o->key[k], "no answer can be what it asks for");
}

static json_object *rule_json(const struct order *o, size_t k, const struct resource *r, const struct made *m)
{
	const struct verdict_rule *rule = o->at[k];
	json_object *json = json_object_new_object();
	json_object_object_add(json, "key", json_object_new_string(o->key[k]));
	json_object_object_add(json, "resource", r ? json_object_new_string(r->name) : NULL);
	json_object_object_add(json, "class", json_object_new_string(verdict_class_name(rule->class)));
	json_object_object_add(json, "wait_s", json_object_new_int64(rule->wait_s));
	json_object_object_add(json, "reason", rule->reason ? json_object_new_string(rule->reason) : NULL);
	json_object_object_add(json, "status", json_object_new_int(m->status));
	json_object_object_add(json, "body", json_object_new_string(buf_text(&m->body)));
	json_object_object_add(json, "cursor_sent", json_object_new_boolean(m->cursor_sent));
	json_object *headers = json_object_new_object();
	if (m->header)
		json_object_object_add(headers, m->header, json_object_new_string("1"));
	json_object_object_add(json, "headers", headers);
	return json;
}

/* Adds rule `k` to the list if it can be reached. False, and the finding is left to the caller, if not. */
static bool add_rule(
    const struct order *o, size_t k, const struct resource *r, json_object *list, size_t *ret_first)
{
	struct made m = {.body = BUF(BODY_MAX)};
	bool found = find_answer(o, k, &m, ret_first);
	if (found)
		json_object_array_add(list, rule_json(o, k, r, &m));
	buf_done(&m.body);
	return found;
}

static struct order *order_of(const struct provider *p, const struct resource *r)
{
	struct order *o = mem_zalloc(sizeof *o);
	AUTO(mem_free_ptr) char *where = mem_printf("resources.%s.verdicts", r->name);
	order_add(o, r->verdicts.at, r->verdicts.n, where);
	order_add(o, p->verdicts.at, p->verdicts.n, "verdicts");
	o->sends_cursors = r->paging.strategy >= PAGING_CURSOR;
	return o;
}

/* Whether the resource can reach the provider's rule `i`, which then is added. */
static bool add_by_resource(
    struct plan *p, const struct resource *r, size_t i, json_object *list, size_t *ret_first)
{
	AUTO(mem_free_ptr) struct order *o = order_of(p->provider, r);
	size_t at = r->verdicts.n + i;
	bool found = add_rule(o, at, r, list, ret_first);
	if (found)
		plan_add(p, NULL, REACHED, o->key[at], NULL);
	return found;
}

/* A provider's rule is good when one resource can reach it, better one that can be run. */
static void add_provider_rule(struct plan *p, size_t i, json_object *list)
{
	size_t first = SIZE_MAX;
	size_t n = p->provider->resources.n;
	const struct resource *r = p->provider->resources.at;
	for (size_t k = 0; k < n; k++)
		if (provider_supported(&r[k], NULL) == RC_OK && add_by_resource(p, &r[k], i, list, &first))
			return;
	for (size_t k = 0; k < n; k++)
		if (add_by_resource(p, &r[k], i, list, &first))
			return;
	AUTO(mem_free_ptr) struct order *o = order_of(p->provider, r);
	first = SIZE_MAX; /* who comes first is told in the first resource's order */
	(void)add_rule(o, r->verdicts.n + i, r, list, &first);
	find_fault(p, o, r->verdicts.n + i, NULL, first);
}

json_object *plan_rules(struct plan *p)
{
	json_object *list = json_object_new_array();
	for (size_t k = 0; k < p->provider->resources.n; k++) {
		const struct resource *r = &p->provider->resources.at[k];
		AUTO(mem_free_ptr) struct order *o = order_of(p->provider, r);
		for (size_t i = 0; i < r->verdicts.n; i++) {
			size_t first = SIZE_MAX;
			if (add_rule(o, i, r, list, &first))
				plan_add(p, r, REACHED, o->key[i], NULL);
			else
				find_fault(p, o, i, r, first);
		}
	}
	for (size_t i = 0; i < p->provider->verdicts.n; i++)
		add_provider_rule(p, i, list);
	return list;
}

json_object *plan_token_rules(struct plan *p)
{
	const struct auth *auth = &p->provider->auth;
	json_object *list = json_object_new_array();
	AUTO(mem_free_ptr) struct order *o = mem_zalloc(sizeof *o);
	order_add(o, auth->verdicts.at, auth->verdicts.n, "auth.verdicts");
	for (size_t i = 0; i < o->n; i++) {
		size_t first = SIZE_MAX;
		if (add_rule(o, i, NULL, list, &first))
			plan_add(p, NULL, REACHED, o->key[i], NULL);
		else
			find_fault(p, o, i, NULL, first);
	}
	return list;
}

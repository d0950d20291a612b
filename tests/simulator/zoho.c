// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "api.h"
#include "api_private.h"
#include "json.h"
#include "token.h"
#include "zoho.h"

#include <json-c/json.h>

#define BANK 512
#define PLAIN_BANK 32
#define ID_STEP 7
#define ID_FIRST 1001
#define ORG_FIRST UINT64_C(3652000)
#define DIGIT_UNIT UINT64_C(100000000000)
#define MODULE_UNIT (DIGIT_UNIT / 2) /* two modules share a digit */

bool zoho_field_next(struct str *rest, struct str *ret_name, char *ret_kind)
{
	struct str field = str_cut(rest, ' ');

	if (field.n < 3)
		return false;
	*ret_name = (struct str){field.p, field.n - 2};
	*ret_kind = field.p[field.n - 1];
	return true;
}

static char *names_joined(const struct zoho_module *m)
{
	struct buf out = BUF(1 << 12);
	struct str rest = str_of(m->typed);
	struct str name;
	char kind;

	while (zoho_field_next(&rest, &name, &kind))
		buf_printf(&out, "%s%.*s", out.n ? "," : "", STR_ARG(name));
	return out.p;
}

void zoho_init(uint64_t seed)
{
	for (size_t k = 0; k < ZOHO_MODULES; k++) {
		struct zoho_module *m = &zoho_modules[k];

		m->fields = names_joined(m);
		zoho_plain_of(m);
		m->bank = template_bank_new(
		    m->write == zoho_plain_text ? PLAIN_BANK : BANK, mix(seed ^ (uint64_t)m->kind), m->write);
	}
}

void zoho_done(void)
{
	for (size_t k = 0; k < ZOHO_MODULES; k++) {
		template_bank_free(zoho_modules[k].bank);
		free(zoho_modules[k].fields);
	}
}

bool zoho_serves(struct str resource)
{
	for (size_t k = 0; k < ZOHO_MODULES; k++)
		if (str_is(resource, zoho_modules[k].resource))
			return true;
	return false;
}

const struct zoho_module *zoho_module_find(struct str api_name)
{
	for (size_t k = 0; k < ZOHO_MODULES; k++)
		if (str_is(api_name, zoho_modules[k].api_name))
			return &zoho_modules[k];
	return NULL;
}

const struct zoho_module *zoho_module_of(const struct resource *resource)
{
	size_t k = 0;

	while (k < ZOHO_MODULES - 1 && strcmp(resource->name, zoho_modules[k].resource) != 0)
		k++;
	return &zoho_modules[k];
}

/* ---- ids and times ---- */

static uint64_t id_base(const struct account *account, unsigned digit)
{
	uint64_t org = ORG_FIRST + account->number;

	return (org * 10 + digit % 10) * DIGIT_UNIT + digit / 10 * MODULE_UNIT + ID_FIRST;
}

uint64_t zoho_id_number(const struct account *account, unsigned digit, uint64_t i)
{
	return id_base(account, digit) + i * ID_STEP;
}

void zoho_id(const struct account *account, unsigned digit, uint64_t i, char ret[ZOHO_ID_MAX])
{
	snprintf(ret, ZOHO_ID_MAX, "%" PRIu64, zoho_id_number(account, digit, i));
}

bool zoho_id_index(const struct account *account, unsigned digit, struct str id, uint64_t *ret)
{
	uint64_t base = id_base(account, digit);
	int64_t value;

	if (!str_to_i64(id, &value) || (uint64_t)value < base || ((uint64_t)value - base) % ID_STEP)
		return false;
	*ret = ((uint64_t)value - base) / ID_STEP;
	return *ret < MODULE_UNIT / ID_STEP;
}

void zoho_time(const struct account *account, int64_t unix_s, char ret[26])
{
	template_local_time(account, unix_s, ret);
	ret[25] = '\0';
}

/* ---- answers ---- */

void zoho_fail(struct simulator *sim, struct exchange *ex, int status, const char *code, const char *details,
    const char *message)
{
	answer_printf(sim, ex, status,
	    "{\"code\":\"%s\",\"details\":%s,\"message\":\"%s\",\"status\":\"error\"}", code, details,
	    message);
}

void zoho_answer_nothing(struct simulator *sim, struct exchange *ex)
{
	ex->answer.status = ex->req.if_modified_since.n ? 304 : 204;
	buf_clear(&sim->body);
}

bool zoho_admit(struct simulator *sim, struct exchange *ex, struct str api_name)
{
	const struct zoho_module *module = zoho_module_find(api_name);

	if (!token_admit(sim, ex))
		return false;
	if (!module || strcmp(module->resource, ex->account->zoho.hidden) == 0) {
		zoho_fail(sim, ex, 400, "INVALID_MODULE", "{}", "the module name given seems to be invalid");
		return false;
	}
	ex->resource = resource_get(&sim->accounts, ex->account, str_of(module->resource));
	return true;
}

bool zoho_since_read(struct exchange *ex)
{
	struct str since = ex->req.if_modified_since;

	return !since.n || clock_parse(since, false, &ex->window.of.updated_since_us);
}

/* ---- records ---- */

void zoho_record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	const struct zoho_module *module = zoho_module_of(resource);
	struct facts facts = facts_of(account, resource, module->kind, i);

	template_fill(module->bank, mix(account->salt + i), &facts, ret);
}

void zoho_record_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	char id[ZOHO_ID_MAX];

	zoho_id(account, zoho_module_of(resource)->digit, i, id);
	buf_add_text(ret, id);
}

bool zoho_lead_converted(const struct account *account, uint64_t i)
{
	return template_holds(zoho_modules[0].bank, mix(account->salt + i), "\"Converted__s\":true");
}

uint64_t zoho_position(const struct view *view, uint64_t index)
{
	uint64_t low = 0;
	uint64_t high = view->n;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (view_at(view, middle) < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool zoho_list_has(const char *list, struct str name)
{
	struct str rest = str_of(list);

	while (rest.n)
		if (str_eq(str_trim(str_cut(&rest, ',')), name))
			return true;
	return false;
}

void zoho_record_part(struct exchange *ex, uint64_t i, const char *fields, bool keys_only, struct buf *ret)
{
	struct buf whole = BUF(1 << 16);
	struct json_object *all, *part = json_object_new_object();

	zoho_record(ex->account, ex->resource, i, &whole);
	all = json_tokener_parse(buf_text(&whole));
	json_object_object_foreach(all, key, value)
	{
		if (strcmp(key, "id") != 0 && !zoho_list_has(fields, str_of(key)))
			continue;
		struct json_object *id = keys_only ? json_object_object_get(value, "id") : NULL;
		if (id) {
			value = json_object_new_object();
			json_object_object_add(value, "id", json_object_get(id));
		} else {
			json_object_get(value);
		}
		json_object_object_add(part, key, value);
	}
	buf_add_text(ret, json_object_to_json_string_ext(part, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(part);
	json_object_put(all);
	buf_done(&whole);
}

const struct api ZOHO = {ZOHO_CALL, .page = zoho_list_page, .record = zoho_record, .id = zoho_record_id};

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "base/json.h"
#include "declared.h"

#define SETTING_NAME_MAX 64

static struct str number_text(struct making *m, int64_t v)
{
	int n = snprintf(m->number, sizeof m->number, "%" PRId64, v);
	return (struct str){m->number, (size_t)n};
}

static struct json_object *setting_value(const struct account *a, struct str name)
{
	char key[SETTING_NAME_MAX];
	struct json_object *v = NULL;
	if (!a->settings || name.n >= sizeof key)
		return NULL;
	memcpy(key, name.p, name.n);
	key[name.n] = '\0';
	return json_object_object_get_ex(a->settings, key, &v) ? v : NULL;
}

struct str setting_text(const struct account *a, struct str name)
{
	struct json_object *v = setting_value(a, name);
	if (!v || json_object_is_type(v, json_type_object) || json_object_is_type(v, json_type_array))
		return (struct str){0};
	struct str s = str_of(json_object_get_string(v));
	return s.n ? s : (struct str){0};
}

/* A list's elements are joined with commas. */
static struct str setting_or_list(struct making *m, struct str name)
{
	struct json_object *v = setting_value(m->account, name);
	struct buf *out = &m->request->names;
	if (!json_object_is_type(v, json_type_array))
		return setting_text(m->account, name);
	buf_clear(out);
	for (size_t i = 0; i < json_object_array_length(v); i++)
		buf_printf(
		    out, "%s%s", i ? "," : "", json_object_get_string(json_object_array_get_idx(v, i)));
	return out->n ? buf_str(out) : (struct str){0};
}

static struct str dc_text(const struct making *m, struct str name)
{
	const struct provider *p = m->walk->provider;
	const struct data_centre *dc = NULL;
	struct str chosen = setting_text(m->account, str_of(p->data_centre_setting));
	if (chosen.p)
		dc = provider_find_data_centre(p, chosen);
	else if (p->data_centre)
		dc = provider_find_data_centre(p, str_of(p->data_centre));
	for (size_t i = 0; dc && i < dc->variables.n; i++)
		if (str_is(name, dc->variables.at[i].name))
			return str_of(dc->variables.at[i].value);
	return (struct str){0};
}

static struct str time_text(struct making *m, int64_t us)
{
	char text[CLOCK_TEXT_LEN + 1];
	if (us <= 0)
		return (struct str){0};
	switch (m->walk->resource->incremental.format) {
	case SINCE_EPOCH_S:
		return number_text(m, us / US_PER_S);
	case SINCE_EPOCH_MS:
		return number_text(m, us / 1000);
	case SINCE_DATE:
		clock_format(us, text);
		return (struct str){memcpy(m->number, text, 10), 10};
	case SINCE_RFC3339:
		clock_format(us, text);
		memcpy(m->number, text, 19);
		m->number[19] = 'Z';
		return (struct str){m->number, 20};
	case SINCE_RFC3339_OFFSET:
		clock_format(us, text);
		memcpy(m->number, text, 19);
		memcpy(m->number + 19, "+00:00", 6);
		return (struct str){m->number, 25};
	case SINCE_RFC3339_MS:
		clock_format(us, text);
		memcpy(m->number, text, 23);
		m->number[23] = 'Z';
		return (struct str){m->number, 24};
	}
	return (struct str){0};
}

static int64_t until_us(const struct making *m)
{
	int64_t us = m->position->started_us - m->walk->resource->incremental.holdback_s * US_PER_S;
	return m->walk->to_us && walk_is_bounded(m->walk) ? MIN(us, m->walk->to_us) : us;
}

static int64_t add_name(struct buf *out, struct str name)
{
	buf_printf(out, "%s%.*s", out->n ? "," : "", STR_ARG(name));
	return 1;
}

static bool has_name(struct str list, struct str name)
{
	while (list.n)
		if (str_eq(str_cut(&list, ','), name))
			return true;
	return false;
}

/* The columns' top-level names once each, then what else the records have: what Zoho wants in `fields`. */
static struct str columns_text(struct making *m)
{
	const struct resource *res = m->walk->resource;
	struct buf *out = &m->request->names;
	struct str found = buf_str(&m->position->names);
	int64_t max = res->fields.max, n = 0;
	buf_clear(out);
	for (size_t i = 0; i < res->columns.n; i++) {
		struct str rest = str_of(res->columns.at[i].path);
		struct str top = str_cut(&rest, '.');
		bool known = path_parent_key(res->columns.at[i].path).p != NULL;
		for (size_t k = 0; k < i && !known; k++) {
			struct str other_rest = str_of(res->columns.at[k].path);
			known = str_eq(str_cut(&other_rest, '.'), top);
		}
		if (!known)
			n += add_name(out, top);
	}
	while (found.n && (!max || n < max)) {
		struct str name = str_cut(&found, ',');
		if (!has_name(buf_str(out), name))
			n += add_name(out, name);
	}
	return buf_str(out);
}

static struct str parent_text(struct making *m, struct str name)
{
	AUTO(json_put_ptr) json_object *keys = NULL;
	struct json_object *v = NULL;
	struct buf *out = &m->request->names;
	char key[SETTING_NAME_MAX];
	if (name.n >= sizeof key ||
	    json_parse(buf_str(&m->position->parent_keys), CURSOR_TEXT_MAX, 2, &keys, NULL))
		return (struct str){0};
	memcpy(key, name.p, name.n);
	key[name.n] = '\0';
	if (!json_object_object_get_ex(keys, key, &v) || !v)
		return (struct str){0};
	buf_clear(out);
	buf_add_text(out, json_object_get_string(v));
	return out->n ? buf_str(out) : (struct str){0};
}

struct str variable_lookup(void *user, const struct template_part *part)
{
	struct making *m = user;
	const struct position *pos = m->position;
	switch (part->variable) {
	case TEMPLATE_EXTERNAL_ID:
		return m->account->external_id.n ? m->account->external_id : (struct str){0};
	case TEMPLATE_SETTING:
		return setting_or_list(m, part->text);
	case TEMPLATE_DC:
		return dc_text(m, part->text);
	case TEMPLATE_PAGE_SIZE:
		return m->list->paging->size ? number_text(m, m->list->paging->size) : (struct str){0};
	case TEMPLATE_PAGE_OFFSET:
		return number_text(m, pos->offset);
	case TEMPLATE_PAGE_NUMBER:
		return number_text(m, pos->number);
	case TEMPLATE_CURSOR:
		return pos->next.n ? buf_str(&pos->next) : (struct str){0};
	case TEMPLATE_AFTER:
		return pos->after.n ? buf_str(&pos->after) : (struct str){0};
	case TEMPLATE_KEYS:
		return pos->keys.n ? buf_str(&pos->keys) : (struct str){0};
	case TEMPLATE_ITEM:
		return m->item;
	case TEMPLATE_SINCE:
		return time_text(m, position_since_us(pos));
	case TEMPLATE_UNTIL:
		return time_text(m, until_us(m));
	case TEMPLATE_WINDOW_FROM:
		return time_text(m, pos->window_from_us);
	case TEMPLATE_WINDOW_TO:
		return time_text(m, pos->window_to_us);
	case TEMPLATE_ASK:
		return argument_text(m, part->text);
	case TEMPLATE_SYNC_TOKEN:
		return pos->token.n ? buf_str(&pos->token) : (struct str){0};
	case TEMPLATE_PARENT:
		return parent_text(m, part->text);
	case TEMPLATE_COLUMNS:
		return columns_text(m);
	default:
		return (struct str){0};
	}
}

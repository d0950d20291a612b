// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/oauth_words.h"

#include "base/url.h"
#include "sync/rules.h"

struct str oauth_secret_text(const struct oauth_account *a, const char *name)
{
	json_object *value = rules_value(a->secret, name);

	if (!json_object_is_type(value, json_type_string))
		return (struct str){0};
	struct str s = {json_object_get_string(value), (size_t)json_object_get_string_len(value)};
	return s.n ? s : (struct str){0};
}

/* ---- variables of templates ---- */

static struct str setting_text(const struct oauth_words *w, struct str name)
{
	AUTO(buf_done) struct buf path = BUF(128);

	buf_add_str(&path, name);
	json_object *value = w->account->settings ? rules_value(w->account->settings, buf_text(&path)) : NULL;
	if (!value || json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		return (struct str){0};
	struct str s = str_of(json_object_get_string(value));
	return s.n ? s : (struct str){0};
}

static struct str dc_text(const struct oauth_words *w, struct str name)
{
	const struct provider *p = w->provider;
	struct str chosen = p->data_centre_setting ? setting_text(w, str_of(p->data_centre_setting))
	                                           : (struct str){0};
	const struct data_centre *dc = NULL;

	if (!chosen.p && p->data_centre)
		chosen = str_of(p->data_centre);
	if (chosen.p)
		dc = provider_find_data_centre(p, chosen);
	for (size_t i = 0; dc && i < dc->variables.n; i++) {
		if (str_is(name, dc->variables.at[i].name))
			return str_of(dc->variables.at[i].value);
	}
	return (struct str){0};
}

static struct str lookup(void *user, const struct template_part *part)
{
	const struct oauth_words *w = user;

	switch (part->variable) {
	case TEMPLATE_EXTERNAL_ID:
		return w->account->external_id.n ? w->account->external_id : (struct str){0};
	case TEMPLATE_SETTING:
		return setting_text(w, part->text);
	case TEMPLATE_DC:
		return dc_text(w, part->text);
	default:
		return (struct str){0};
	}
}

enum rc oauth_expand(
    const struct oauth_words *w, const struct template *t, enum template_escape escape, struct buf *out)
{
	const struct template_part *missing = NULL;

	if (template_expand(t, escape, lookup, (void *)w, out, &missing))
		return RC_OK;
	return err_set(w->err, RC_INVALID,
	    "OAuth with %s needs ${%s%.*s}, which this connection does not have", w->provider->name,
	    template_variable_name(missing->variable), STR_ARG(missing->text));
}

/* ---- URLs ---- */

enum rc oauth_add_url(const struct oauth_words *w, const struct template *t, struct buf *out)
{
	AUTO(buf_done) struct buf declared = BUF(OAUTH_TEXT_MAX);

	if (oauth_expand(w, t, ESCAPE_URL, &declared) != RC_OK)
		return RC_INVALID;
	struct str url = buf_str(&declared);
	size_t cut = w->account->origin.n ? url_origin(url).n : 0;
	buf_add_str(out, w->account->origin);
	buf_add(out, url.p + cut, url.n - cut);
	return RC_OK;
}

void oauth_add_query(struct buf *out, const char *name, struct str value)
{
	buf_add_char(out, out->n && memchr(out->p, '?', out->n) ? '&' : '?');
	url_encode(str_of(name), "", out);
	buf_add_char(out, '=');
	url_encode(value, "", out);
}

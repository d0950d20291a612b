// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/buf.h"
#include "sync/declaration_modules.h"

#include <ctype.h>
#include <unistd.h>

#define TEXT_MAX 4096
#define NAME_MAX_BYTES 48 /* of a module: with the provider's it becomes a table's */

/* One module of the list. */
struct module {
	const char *module; /* its API name */
	char name[NAME_MAX_BYTES + 1];
	const config_setting_t *columns; /* NULL: only the group's */
};

/* ---- copying a tree ---- */

static void put_text(config_setting_t *to, const char *text, const char *module)
{
	AUTO(buf_done) struct buf out = BUF(TEXT_MAX);
	struct str rest = str_of(text);
	const char *at;
	while ((at = memmem(rest.p, rest.n, "${module}", 9))) {
		buf_add(&out, rest.p, (size_t)(at - rest.p));
		buf_add_text(&out, module);
		rest = (struct str){at + 9, rest.n - (size_t)(at + 9 - rest.p)};
	}
	buf_add_str(&out, rest);
	config_setting_set_string(to, buf_text(&out));
}

static void put_number(config_setting_t *to, const config_setting_t *from)
{
	switch (config_setting_type(from)) {
	case CONFIG_TYPE_INT:
		config_setting_set_int(to, config_setting_get_int(from));
		break;
	case CONFIG_TYPE_INT64:
		config_setting_set_int64(to, config_setting_get_int64(from));
		break;
	case CONFIG_TYPE_FLOAT:
		config_setting_set_float(to, config_setting_get_float(from));
		break;
	default:
		config_setting_set_bool(to, config_setting_get_bool(from));
	}
}

static void copy(config_setting_t *parent, const config_setting_t *from, const char *module)
{
	int type = config_setting_type(from);
	config_setting_t *to = config_setting_add(parent, config_setting_name(from), type);
	if (!to)
		return; /* a name twice cannot come out of a file that was read */
	if (type == CONFIG_TYPE_STRING)
		put_text(to, config_setting_get_string(from), module);
	else if (config_setting_is_aggregate(from))
		for (int i = 0; i < config_setting_length(from); i++)
			copy(to, config_setting_get_elem(from, (unsigned)i), module);
	else
		put_number(to, from);
}

/* ---- one module ---- */

static void set_text(config_setting_t *group, const char *name, const char *value)
{
	config_setting_t *s;
	config_setting_remove(group, name);
	s = config_setting_add(group, name, CONFIG_TYPE_STRING);
	config_setting_set_string(s, value);
}

static void add_resource(
    config_setting_t *root, const config_setting_t *pattern, const char *provider, const struct module *m)
{
	config_setting_t *list = config_setting_get_member(root, "resources");
	config_setting_t *made = config_setting_add(list, NULL, CONFIG_TYPE_GROUP);
	AUTO(mem_free_ptr) char *table = mem_printf("%s_%s", provider, m->name);
	for (int i = 0; i < config_setting_length(pattern); i++)
		copy(made, config_setting_get_elem(pattern, (unsigned)i), m->module);
	set_text(made, "name", m->name);
	set_text(made, "table", table);
	config_setting_t *columns = config_setting_get_member(made, "columns");
	for (int i = 0; m->columns && columns && i < config_setting_length(m->columns); i++)
		copy(columns, config_setting_get_elem(m->columns, (unsigned)i), m->module);
}

static bool is_api_name(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
	return n && n <= NAME_MAX_BYTES && !s[n] && !isdigit((unsigned char)s[0]);
}

static enum rc read_module(const struct reader *r, const config_setting_t *at, struct module *ret)
{
	if (!config_setting_is_group(at))
		return reader_fail(r, at, "has to be a group: { module = \"Projects\"; columns = ( ... ); }");
	for (int i = 0; i < config_setting_length(at); i++) {
		const config_setting_t *s = config_setting_get_elem(at, (unsigned)i);
		const char *name = config_setting_name(s);
		if (strcmp(name, "module") == 0 && config_setting_type(s) == CONFIG_TYPE_STRING)
			ret->module = config_setting_get_string(s);
		else if (strcmp(name, "columns") == 0 && config_setting_is_list(s))
			ret->columns = s;
		else
			return reader_fail(r, s, "is none of module (a text) and columns (a list)");
	}
	if (!ret->module || !is_api_name(ret->module))
		return reader_fail(
		    r, at, "needs the key \"module\": an API name of at most %d letters", NAME_MAX_BYTES);
	for (size_t i = 0; i <= strlen(ret->module); i++)
		ret->name[i] = (char)tolower((unsigned char)ret->module[i]);
	return RC_OK;
}

/* ---- the file ---- */

static enum rc expand_list(
    const struct reader *r, config_setting_t *root, const config_setting_t *pattern, const config_t *file)
{
	const config_setting_t *list = config_lookup(file, "modules");
	const char *provider = "";
	if (!list || !config_setting_is_list(list))
		return reader_fail(r, config_root_setting(file), "has to hold the list \"modules\"");
	(void)config_setting_lookup_string(root, "name", &provider);
	for (int i = 0; i < config_setting_length(list); i++) {
		struct module m = {0};
		enum rc rc = read_module(r, config_setting_get_elem(list, (unsigned)i), &m);
		if (rc)
			return rc;
		add_resource(root, pattern, provider, &m);
	}
	return RC_OK;
}

static enum rc expand_file(
    const struct reader *r, config_setting_t *root, const config_setting_t *pattern, const char *name)
{
	config_t file;
	struct reader own = {name, r->pool, r->err};
	enum rc rc;
	config_init(&file);
	if (config_read_file(&file, name) != CONFIG_TRUE)
		rc = err_set(r->err, RC_INVALID, "%s:%d: %s", name, config_error_line(&file),
		    config_error_text(&file));
	else if (!pattern)
		rc = err_set(r->err, RC_INVALID,
		    "%s: %s has no group \"module\" that says how modules are synced", name, r->file);
	else
		rc = expand_list(&own, root, pattern, &file);
	config_destroy(&file);
	return rc;
}

enum rc modules_expand(const struct reader *r, config_setting_t *root)
{
	const config_setting_t *pattern = config_setting_get_member(root, "module");
	size_t stem = strlen(r->file) - MIN(strlen(r->file), 4);
	AUTO(mem_free_ptr) char *name = mem_printf("%.*s.modules", (int)stem, r->file);
	enum rc rc = RC_OK;
	if (pattern && (!config_setting_is_group(pattern) || !config_setting_get_member(root, "resources")))
		return reader_fail(r, pattern, "has to be a group, like one of the resources");
	if (access(name, F_OK) == 0)
		rc = expand_file(r, root, pattern, name);
	if (!rc && pattern)
		config_setting_remove(root, "module");
	return rc;
}

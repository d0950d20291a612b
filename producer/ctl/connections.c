// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"
#include "ctl_sql.h"
#include "output.h"

#include "base/json.h"
#include "io/crypto.h"
#include "sync/secret.h"

#define TOKEN_MAX (16 << 10)    /* one token; providers' are a few KiB at most */
#define SETTINGS_MAX (64 << 10) /* bytes of a settings object */
#define SETTINGS_DEPTH 8
#define IMPORT_MAX (64 << 20)                   /* bytes of a list of connections */
#define EXPIRES_MAX (INT64_C(10) * 366 * 86400) /* seconds, ten years: anything longer is a mistake */

/* What a new connection is made of; slices belong to the caller. */
struct connection {
	struct str tenant;
	struct str provider;
	struct str external_id;
	json_object *settings;
	struct str access_token;
	struct str refresh_token;
	struct str client_id;
	struct str client_secret;
	int64_t expires_in;
	bool expires;
};

static const struct json_field connection_fields[] = {
    {.name = "tenant", JSON_STRING(struct connection, tenant), .required = true, .min = 1, .max = 200},
    {.name = "provider", JSON_STRING(struct connection, provider), .required = true, .min = 1, .max = 64},
    {.name = "external_id",
        JSON_STRING(struct connection, external_id),
        .required = true,
        .min = 1,
        .max = 500},
    {.name = "settings", JSON_OBJECT(struct connection, settings)},
    {.name = "access_token", JSON_STRING(struct connection, access_token), .max = TOKEN_MAX},
    {.name = "refresh_token", JSON_STRING(struct connection, refresh_token), .max = TOKEN_MAX},
    {.name = "client_id", JSON_STRING(struct connection, client_id), .max = TOKEN_MAX},
    {.name = "client_secret", JSON_STRING(struct connection, client_secret), .max = TOKEN_MAX},
    {.name = "expires_in",
        JSON_INT(struct connection, expires_in),
        JSON_GIVEN(struct connection, expires),
        .nullable = true,
        .min = 0,
        .max = EXPIRES_MAX},
};

/* Making connections: the key ring, and the tenant of the last one, since lists name few. */
struct maker {
	struct ctl *ctl;
	struct crypto_keys *keys;
	char *tenant_name;
	struct uuid tenant;
};

static void maker_done(struct maker *m)
{
	crypto_keys_free(m->keys);
	free(m->tenant_name);
}

static enum rc maker_init(struct maker *m, struct ctl *ctl, struct err *err)
{
	*m = (struct maker){.ctl = ctl, .keys = crypto_keys_new(str_of(ctl->o.crypto_keys), err)};
	if (m->keys)
		return RC_OK;
	return err_prefix(err, "crypto.keys (SYNCFLEET_CRYPTO__KEYS)");
}

static enum rc maker_tenant(struct maker *m, struct str name, struct err *err)
{
	if (m->tenant_name && str_is(name, m->tenant_name))
		return RC_OK;
	if (ctl_tenant_find(m->ctl, name, &m->tenant, err) != RC_OK)
		return err->rc;
	free(m->tenant_name);
	m->tenant_name = mem_strndup(name.p, name.n);
	return RC_OK;
}

static enum rc seal_secret(const struct maker *m, const struct uuid *id, const struct connection *c,
    struct buf *out, struct err *err)
{
	struct secret_place place = {m->keys, m->tenant, *id};
	AUTO(json_put_ptr)
	json_object *secret = secret_new(c->access_token, c->refresh_token, c->client_id, c->client_secret);

	return secret_seal(&place, secret, out, err);
}

static enum rc insert_connection(
    struct maker *m, const struct uuid *id, const struct connection *c, struct err *err)
{
	struct buf sealed = BUF(SECRET_MAX);
	struct pg_args args = PG_ARGS;
	const char *settings = c->settings
	                           ? json_object_to_json_string_ext(c->settings, JSON_C_TO_STRING_PLAIN)
	                           : "{}";
	enum rc rc = seal_secret(m, id, c, &sealed, err);

	if (rc == RC_OK) {
		pg_arg_uuid(&args, id);
		pg_arg_uuid(&args, &m->tenant);
		pg_arg_text(&args, c->provider);
		pg_arg_text(&args, c->external_id);
		pg_arg_text(&args, str_of(settings));
		pg_arg_bytea(&args, buf_str(&sealed));
		if (c->expires)
			pg_arg_i64(&args, c->expires_in);
		else
			pg_arg_null(&args);
		rc = pg_blocking_query(m->ctl->db, &sql_ctl_connection_create, &args, NULL, err);
		pg_args_done(&args);
	}
	buf_done(&sealed);
	if (rc != RC_OK && strcmp(err->sqlstate, "23505") == 0)
		return ctl_conflict(m->ctl, err, "tenant %.*s has a connection to %.*s for %.*s already",
		    STR_ARG(c->tenant), STR_ARG(c->provider), STR_ARG(c->external_id));
	return rc;
}

static bool is_provider_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
			return false;
	}
	return name.n > 0;
}

static enum rc make(struct maker *m, const struct connection *c, struct uuid *ret_id, struct err *err)
{
	struct uuid id = uuid_new();

	if (!is_provider_name(c->provider))
		return err_set(err, RC_INVALID, "a provider's name has only a-z, 0-9 and _");
	if (maker_tenant(m, c->tenant, err) != RC_OK || insert_connection(m, &id, c, err) != RC_OK)
		return err->rc;
	*ret_id = id;
	return RC_OK;
}

static void print_made(const struct ctl *ctl, const struct uuid *ids, const struct connection *made, size_t n)
{
	static const char *const columns[] = {"connection_id", "tenant", "provider", "external_id"};
	char(*texts)[UUID_TEXT_LEN + 1] = mem_array(n, sizeof *texts);
	struct str *cells = mem_array(n * ARRAY_SIZE(columns), sizeof *cells);

	for (size_t i = 0; i < n; i++) {
		struct str *row = cells + i * ARRAY_SIZE(columns);

		uuid_format(&ids[i], texts[i]);
		row[0] = str_of(texts[i]);
		row[1] = made[i].tenant;
		row[2] = made[i].provider;
		row[3] = made[i].external_id;
	}
	ctl_print(ctl, columns, ARRAY_SIZE(columns), cells, n);
	free(cells);
	free(texts);
}

/* ---- one, by flags ---- */

/* Editors and echo end a file with a newline, which is no part of a token. */
static enum rc read_secret(const char *path, struct buf *out, struct err *err)
{
	if (*path && ctl_read_file(path, out, err) != RC_OK)
		return err->rc;
	while (out->n && (out->p[out->n - 1] == '\n' || out->p[out->n - 1] == '\r'))
		out->n--;
	return RC_OK;
}

static enum rc parse_settings(const char *text, json_object **ret, struct err *err)
{
	if (!*text)
		return RC_OK;
	if (json_parse(str_of(text), SETTINGS_MAX, SETTINGS_DEPTH, ret, err) != RC_OK)
		return err_prefix(err, "--settings");
	if (!json_object_is_type(*ret, json_type_object))
		return err_set(err, RC_INVALID, "--settings: must be a JSON object");
	return RC_OK;
}

enum rc ctl_connections_create(struct ctl *ctl, struct err *err)
{
	const struct ctl_options *o = &ctl->o;
	AUTO(crypto_wipe) struct buf access = BUF(TOKEN_MAX);
	AUTO(crypto_wipe) struct buf refresh = BUF(TOKEN_MAX);
	AUTO(crypto_wipe) struct buf secret = BUF(TOKEN_MAX);
	AUTO(json_put_ptr) json_object *settings = NULL;
	AUTO(maker_done) struct maker m;
	struct uuid id;

	if (maker_init(&m, ctl, err) != RC_OK || parse_settings(o->settings, &settings, err) != RC_OK ||
	    read_secret(o->access_token_file, &access, err) != RC_OK ||
	    read_secret(o->refresh_token_file, &refresh, err) != RC_OK ||
	    read_secret(o->client_secret_file, &secret, err) != RC_OK)
		return err->rc;
	struct connection c = {
	    .tenant = str_of(o->tenant),
	    .provider = str_of(o->provider),
	    .external_id = str_of(o->external_id),
	    .settings = settings,
	    .access_token = buf_str(&access),
	    .refresh_token = buf_str(&refresh),
	    .client_id = str_of(o->client_id),
	    .client_secret = buf_str(&secret),
	    .expires_in = o->expires_in,
	    .expires = o->expires_in > 0,
	};
	if (make(&m, &c, &id, err) != RC_OK)
		return err->rc;
	print_made(ctl, &id, &c, 1);
	return RC_OK;
}

/* ---- many, from a JSON list ---- */

static enum rc import_item(
    struct maker *m, json_object *item, struct connection *ret, struct uuid *ret_id, struct err *err)
{
	struct json_problem problem;

	if (json_decode(item, connection_fields, ARRAY_SIZE(connection_fields), ret, &problem) != RC_OK) {
		*err = problem.err;
		return err->rc;
	}
	return make(m, ret, ret_id, err);
}

/* All in one transaction, which the caller has begun. */
static enum rc import_list(struct maker *m, json_object *list, struct err *err)
{
	size_t n = json_object_array_length(list);
	struct connection *made = mem_array(n, sizeof *made);
	struct uuid *ids = mem_array(n, sizeof *ids);
	enum rc rc = RC_OK;

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		rc = import_item(m, json_object_array_get_idx(list, i), &made[i], &ids[i], err);
		if (rc != RC_OK)
			err_prefix(err, "item %zu", i);
	}
	if (rc == RC_OK)
		rc = pg_blocking_run(m->ctl->db, "commit", err);
	if (rc == RC_OK)
		print_made(m->ctl, ids, made, n);
	free(made);
	free(ids);
	return rc;
}

enum rc ctl_connections_import(struct ctl *ctl, struct err *err)
{
	AUTO(crypto_wipe) struct buf text = BUF(IMPORT_MAX);
	AUTO(json_put_ptr) json_object *list = NULL;
	AUTO(maker_done) struct maker m;

	if (maker_init(&m, ctl, err) != RC_OK || ctl_read_file(ctl->args[0], &text, err) != RC_OK ||
	    json_parse(buf_str(&text), IMPORT_MAX, SETTINGS_DEPTH, &list, err) != RC_OK)
		return err->rc;
	if (!json_object_is_type(list, json_type_array)) {
		json_object *one = TAKE(list);

		list = json_object_new_array_ext(1);
		json_object_array_add(list, one);
	}
	if (pg_blocking_run(ctl->db, "begin", err) != RC_OK)
		return err->rc;
	return import_list(&m, list, err);
}

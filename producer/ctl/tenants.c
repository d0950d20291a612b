// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "io/crypto.h"

#define KEY_BYTES 32
#define KEY_PREFIX "sfk_"
#define KEY_TEXT_MAX 64

enum rc ctl_tenant_find(struct ctl *ctl, struct str name, struct uuid *ret, struct err *err)
{
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	pg_arg_text(&args, name);
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_tenant_find, &args, &r, err);
	pg_args_done(&args);
	if (rc != RC_OK)
		return rc;
	if (pg_rows(r) != 1 || !pg_uuid(r, 0, 0, ret))
		return err_set(err, RC_NOT_FOUND,
		    "no tenant is called %.*s: make it with syncctl tenants create", STR_ARG(name));
	return RC_OK;
}

enum rc ctl_tenants_create(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"tenant_id", "name"};
	struct uuid id = uuid_new();
	char id_text[UUID_TEXT_LEN + 1];
	struct pg_args args = PG_ARGS;

	pg_arg_uuid(&args, &id);
	pg_arg_text(&args, str_of(ctl->args[0]));
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_tenant_create, &args, NULL, err);
	pg_args_done(&args);
	if (rc != RC_OK && strcmp(err->sqlstate, "23505") == 0)
		return err_set(err, RC_INVALID, "a tenant called %s exists already", ctl->args[0]);
	if (rc != RC_OK)
		return rc;
	uuid_format(&id, id_text);
	ctl_print(ctl, columns, 2, (struct str[]){str_of(id_text), str_of(ctl->args[0])}, 1);
	return RC_OK;
}

enum rc ctl_print_list(struct ctl *ctl, const struct pg_statement *st, const char *const *columns,
    size_t ncolumns, struct err *err)
{
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (*ctl->o.tenant)
		pg_arg_text(&args, str_of(ctl->o.tenant));
	else
		pg_arg_null(&args);
	enum rc rc = pg_blocking_query(ctl->db, st, &args, &r, err);
	pg_args_done(&args);
	if (rc == RC_OK)
		ctl_print_result(ctl, columns, ncolumns, r);
	return rc;
}

enum rc ctl_tenants_list(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"tenant_id", "name", "created_at"};
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_tenants_list, NULL, &r, err);

	if (rc == RC_OK)
		ctl_print_result(ctl, columns, ARRAY_SIZE(columns), r);
	return rc;
}

enum rc ctl_keys_list(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"key_id", "tenant", "name", "created_at", "revoked_at"};

	return ctl_print_list(ctl, &sql_ctl_keys_list, columns, ARRAY_SIZE(columns), err);
}

enum rc ctl_connections_list(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {
	    "connection_id", "tenant", "provider", "external_id", "status", "token_expires_at", "created_at"};

	return ctl_print_list(ctl, &sql_ctl_connections_list, columns, ARRAY_SIZE(columns), err);
}

static enum rc store_key(struct ctl *ctl, const struct uuid *id, struct str key, struct err *err)
{
	struct uuid tenant;
	uint8_t hash[CRYPTO_SHA256_LEN];
	struct pg_args args = PG_ARGS;

	if (ctl_tenant_find(ctl, str_of(ctl->o.tenant), &tenant, err) != RC_OK)
		return err->rc;
	crypto_sha256(key, hash);
	pg_arg_uuid(&args, id);
	pg_arg_uuid(&args, &tenant);
	pg_arg_text(&args, str_of(ctl->o.name));
	pg_arg_bytea(&args, (struct str){(const char *)hash, sizeof hash});
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_key_create, &args, NULL, err);
	pg_args_done(&args);
	return rc;
}

enum rc ctl_keys_create(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"key_id", "tenant", "name", "key"};
	struct uuid id = uuid_new();
	char id_text[UUID_TEXT_LEN + 1];
	char random[KEY_BYTES];
	AUTO(crypto_wipe) struct buf key = BUF(KEY_TEXT_MAX);

	crypto_random(random, sizeof random);
	buf_add_text(&key, KEY_PREFIX);
	crypto_base64_encode(CRYPTO_BASE64URL, (struct str){random, sizeof random}, &key);
	explicit_bzero(random, sizeof random);
	enum rc rc = store_key(ctl, &id, buf_str(&key), err);
	if (rc != RC_OK)
		return rc;
	uuid_format(&id, id_text);
	ctl_print(ctl, columns, ARRAY_SIZE(columns),
	    (struct str[]){str_of(id_text), str_of(ctl->o.tenant), str_of(ctl->o.name), buf_str(&key)}, 1);
	return RC_OK;
}

enum rc ctl_keys_revoke(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"key_id", "name", "revoked_at"};
	struct uuid id;
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	if (!uuid_parse(str_of(ctl->args[0]), &id))
		return err_set(err, RC_INVALID, "%s is not a key's id: see syncctl keys list", ctl->args[0]);
	pg_arg_uuid(&args, &id);
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_key_revoke, &args, &r, err);
	pg_args_done(&args);
	if (rc != RC_OK)
		return rc;
	if (pg_rows(r) == 0)
		return err_set(
		    err, RC_NOT_FOUND, "no key has the id %s: see syncctl keys list", ctl->args[0]);
	ctl_print_result(ctl, columns, ARRAY_SIZE(columns), r);
	return RC_OK;
}

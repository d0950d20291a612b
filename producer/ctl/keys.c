// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "caller.h"
#include "ctl.h"
#include "ctl_sql.h"
#include "output.h"
#include "service_key.h"

#define RIGHTS_DEFAULT "read,sync"

static struct str asked_rights(const struct ctl *ctl)
{
	return *ctl->o.rights ? str_of(ctl->o.rights) : STR(RIGHTS_DEFAULT);
}

static enum rc store_key(struct ctl *ctl, const struct uuid *id, const uint8_t sha256[CRYPTO_SHA256_LEN],
    struct pg_result **ret, struct err *err)
{
	struct uuid tenant;
	AUTO(pg_args_done) struct pg_args args = PG_ARGS;

	if (!rights_parse(asked_rights(ctl)))
		return err_set(err, RC_INVALID,
		    "--rights=%s: write some of read, sync, connect, admin, operate with commas between",
		    ctl->o.rights);
	if (ctl_tenant_find(ctl, str_of(ctl->o.tenant), &tenant, err) != RC_OK)
		return err->rc;
	pg_arg_uuid(&args, id);
	pg_arg_uuid(&args, &tenant);
	pg_arg_text(&args, str_of(ctl->o.name));
	pg_arg_text(&args, asked_rights(ctl));
	if (ctl->o.expires_in > 0)
		pg_arg_i64(&args, ctl->o.expires_in);
	else
		pg_arg_null(&args);
	pg_arg_bytea(&args, (struct str){(const char *)sha256, CRYPTO_SHA256_LEN});
	return pg_blocking_query(ctl->db, &sql_ctl_key_create, &args, ret, err);
}

enum rc ctl_keys_create(struct ctl *ctl, struct err *err)
{
	static const char *const columns[] = {"key_id", "tenant", "name", "rights", "expires_at", "key"};
	struct uuid id = uuid_new();
	char id_text[UUID_TEXT_LEN + 1];
	char key[SERVICE_KEY_LEN + 1];
	uint8_t sha256[CRYPTO_SHA256_LEN];
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	service_key_make(key, sha256);
	enum rc rc = store_key(ctl, &id, sha256, &r, err);
	if (rc == RC_OK) {
		struct str expires = pg_is_null(r, 0, 0) ? (struct str){NULL, 0} : pg_str(r, 0, 0);

		uuid_format(&id, id_text);
		ctl_print(ctl, columns, ARRAY_SIZE(columns),
		    (struct str[]){str_of(id_text), str_of(ctl->o.tenant), str_of(ctl->o.name),
		        asked_rights(ctl), expires, str_of(key)},
		    1);
	}
	explicit_bzero(key, sizeof key);
	return rc;
}

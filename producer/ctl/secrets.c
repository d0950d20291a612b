// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"
#include "ctl_sql.h"
#include "output.h"

#include "io/crypto.h"
#include "sync/secret.h"

#define BATCH 200
#define KEYS_MAX 64 /* in the ring; the setting's text has no room for more */

/* One rotation. A worker may store a new pair at any moment: what it stored is sealed by its own first key,
 * and stays. */
struct rotation {
	struct ctl *ctl;
	struct crypto_keys *keys;
	struct str first;  /* id of the key that seals */
	struct uuid after; /* the last connection that was looked at */
	int64_t sealed;
	int64_t failed; /* could not be opened */
	struct err failure;
};

/* "id:base64,..." */
static struct str first_id(const struct ctl *ctl)
{
	struct str text = str_of(ctl->o.crypto_keys);
	struct str first = str_cut(&text, ',');

	return str_trim(str_cut(&first, ':'));
}

static enum rc open_keys(struct ctl *ctl, struct crypto_keys **ret, struct err *err)
{
	*ret = crypto_keys_new(str_of(ctl->o.crypto_keys), err);
	return *ret ? RC_OK : err_prefix(err, "crypto.keys (SYNCFLEET_CRYPTO__KEYS)");
}

/* ---- status ---- */

struct status {
	struct str cells[3 * (KEYS_MAX + 1)];
	size_t n;
};

static void add_row(struct status *s, struct str key, struct str secrets, const char *state)
{
	if (s->n > KEYS_MAX)
		return;
	s->cells[3 * s->n] = key;
	s->cells[3 * s->n + 1] = secrets;
	s->cells[3 * s->n + 2] = str_of(state);
	s->n++;
}

static bool in_ring(const struct ctl *ctl, struct str id)
{
	struct str rest = str_of(ctl->o.crypto_keys);

	while (rest.n) {
		struct str key = str_cut(&rest, ',');

		if (str_eq(str_trim(str_cut(&key, ':')), id))
			return true;
	}
	return false;
}

static bool in_use(const struct pg_result *r, struct str id)
{
	for (int i = 0; i < pg_rows(r); i++) {
		if (str_eq(pg_str(r, i, 0), id))
			return true;
	}
	return false;
}

static void print_status(const struct ctl *ctl, const struct pg_result *r)
{
	static const char *const columns[] = {"key", "secrets", "state"};
	struct status s = {.n = 0};
	struct str first = first_id(ctl);
	struct str rest = str_of(ctl->o.crypto_keys);

	for (int i = 0; i < pg_rows(r); i++) {
		struct str id = pg_str(r, i, 0);

		add_row(&s, id, pg_str(r, i, 1),
		    str_eq(id, first)  ? "seals"
		    : in_ring(ctl, id) ? "in use: syncctl secrets rotate"
		                       : "in use, and not in crypto.keys");
	}
	while (rest.n) {
		struct str key = str_cut(&rest, ',');
		struct str id = str_trim(str_cut(&key, ':'));

		if (!in_use(r, id))
			add_row(&s, id, STR("0"),
			    str_eq(id, first) ? "seals" : "no longer in use: take it out of crypto.keys");
	}
	ctl_print(ctl, columns, ARRAY_SIZE(columns), s.cells, s.n);
}

enum rc ctl_secrets_status(struct ctl *ctl, struct err *err)
{
	struct crypto_keys *keys = NULL;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	enum rc rc = open_keys(ctl, &keys, err);

	crypto_keys_free(keys);
	if (rc == RC_OK)
		rc = pg_blocking_query(ctl->db, &sql_ctl_secrets_status, NULL, &r, err);
	if (rc == RC_OK)
		print_status(ctl, r);
	return rc;
}

/* ---- rotation ---- */

static enum rc seal_again(const struct rotation *rot, const struct pg_result *r, int row, struct buf *old,
    struct buf *sealed, struct err *err)
{
	struct secret_place place = {.keys = rot->keys};

	if (!pg_bytea(r, row, 2, old) || !pg_uuid(r, row, 0, &place.connection_id) ||
	    !pg_uuid(r, row, 1, &place.tenant_id))
		return err_set(err, RC_INVALID, "the secret cannot be read");
	return secret_seal_again(&place, buf_str(old), sealed, err);
}

struct batch {
	struct uuid id[BATCH];
	struct buf old[BATCH];
	struct buf sealed[BATCH];
	size_t n;
};

static void batch_done(struct batch *b)
{
	for (size_t i = 0; i < BATCH; i++) {
		buf_done(&b->old[i]);
		buf_done(&b->sealed[i]);
	}
	free(b);
}

static void batch_add(struct rotation *rot, struct batch *b, const struct pg_result *r, int row)
{
	struct err err;

	buf_init(&b->old[b->n], 2 * SECRET_MAX);
	buf_init(&b->sealed[b->n], 2 * SECRET_MAX);
	pg_uuid(r, row, 0, &b->id[b->n]);
	rot->after = b->id[b->n];
	if (seal_again(rot, r, row, &b->old[b->n], &b->sealed[b->n], &err) == RC_OK) {
		b->n++;
		return;
	}
	buf_done(&b->old[b->n]);
	buf_done(&b->sealed[b->n]);
	if (!rot->failed++) {
		rot->failure = err;
		err_prefix(&rot->failure, "connection or webhook %.*s", STR_ARG(pg_str(r, row, 0)));
	}
}

/* Compare and swap on the sealed bytes, which no two seals share. */
static enum rc batch_store(struct rotation *rot, const struct batch *b, struct err *err)
{
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	pg_array_begin(&args, PG_UUID);
	for (size_t i = 0; i < b->n; i++)
		pg_array_uuid(&args, &b->id[i]);
	pg_array_end(&args);
	pg_array_begin(&args, PG_BYTEA);
	for (size_t i = 0; i < b->n; i++)
		pg_array_text(&args, buf_str(&b->old[i]));
	pg_array_end(&args);
	pg_array_begin(&args, PG_BYTEA);
	for (size_t i = 0; i < b->n; i++)
		pg_array_text(&args, buf_str(&b->sealed[i]));
	pg_array_end(&args);
	enum rc rc = pg_blocking_query(rot->ctl->db, &sql_ctl_secret_store, &args, &r, err);
	pg_args_done(&args);
	if (rc == RC_OK)
		rot->sealed += pg_affected(r);
	return rc;
}

static enum rc rotate_batch(struct rotation *rot, bool *ret_more, struct err *err)
{
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	pg_arg_uuid(&args, &rot->after);
	pg_arg_text(&args, rot->first);
	pg_arg_i64(&args, BATCH);
	enum rc rc = pg_blocking_query(rot->ctl->db, &sql_ctl_secrets_stale, &args, &r, err);
	pg_args_done(&args);
	if (rc != RC_OK)
		return rc;
	struct batch *b = mem_zalloc(sizeof *b);
	for (int i = 0; i < pg_rows(r); i++)
		batch_add(rot, b, r, i);
	if (b->n)
		rc = batch_store(rot, b, err);
	batch_done(b);
	*ret_more = pg_rows(r) > 0;
	if (*ret_more)
		fprintf(stderr, "syncctl: %" PRId64 " secrets sealed by key %.*s\n", rot->sealed,
		    STR_ARG(rot->first));
	return rc;
}

enum rc ctl_secrets_rotate(struct ctl *ctl, struct err *err)
{
	struct rotation rot = {.ctl = ctl, .first = first_id(ctl)};
	bool more = true;
	enum rc rc = open_keys(ctl, &rot.keys, err);

	while (rc == RC_OK && more)
		rc = rotate_batch(&rot, &more, err);
	crypto_keys_free(rot.keys);
	if (rc == RC_OK)
		rc = ctl_secrets_status(ctl, err);
	if (rc == RC_OK && rot.failed) {
		*err = rot.failure;
		return err_prefix(err, "%" PRId64 " secrets could not be opened; the first", rot.failed);
	}
	return rc;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/hash.h"
#include "io/crypto.h"
#include "once.h"

#define SQL_MAX (64u << 10)
#define NAME_MAX_BYTES 63 /* of a prepared statement, as PostgreSQL cuts them */
#define REQUEST_MAX (32u << 20)
#define AAD_MAX 512
#define SEALED_MAX 512

/* ---- the key ---- */

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* The string's end, where nothing but parameters may follow, which mean nothing here. */
static bool ends_well(struct str rest)
{
	rest = str_trim(rest);
	return rest.n == 0 || rest.p[0] == ';';
}

static bool read_quoted(struct str s, struct buf *key)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return ends_well((struct str){s.p + i + 1, s.n - i - 1});
		if (s.p[i] == '\\' && (++i == s.n || (s.p[i] != '"' && s.p[i] != '\\')))
			return false;
		if (!is_printable(s.p[i]))
			return false;
		buf_add_char(key, s.p[i]);
	}
	return false;
}

static bool read_bare(struct str s, struct buf *key)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_printable(s.p[i]))
			return false;
	buf_add_str(key, s);
	return true;
}

char *once_read_key(struct str header)
{
	AUTO(buf_done) struct buf key = BUF(ONCE_KEY_MAX + 1);
	struct str s = str_trim(header);
	bool ok = s.n > 0 && s.p[0] == '"' ? read_quoted(s, &key) : read_bare(s, &key);

	ok = ok && key.n > 0 && key.n <= ONCE_KEY_MAX && buf_ok(&key);
	return ok ? mem_strndup(key.p, key.n) : NULL;
}

/* ---- the statement ---- */

/* A statement and what it becomes; sessions remember their addresses, so they stay. */
struct wrapped {
	const struct pg_statement *inner;
	struct pg_statement outer;
	UT_hash_handle hh;
};

static struct wrapped *wrapped_all;

/*
 * CASE is what keeps the inner statement from being run when there is an answer already; the later `offset 0`
 * what keeps the answer from being kept once for each of its columns.
 */
static char *wrap_sql(const struct pg_statement *inner, int nargs)
{
	struct buf sql = BUF(SQL_MAX);

	buf_printf(&sql,
	    "with seen as materialized (select recall_answer($%d::uuid, $%d::text, $%d::bytea) as answer), "
	    "made as materialized (select s.answer, case when s.answer is null then "
	    "(select row(r.status, r.location, r.body, r.dispatch, false, null)::answer from (\n",
	    nargs + 1, nargs + 2, nargs + 3);
	buf_add_text(&sql, inner->sql);
	buf_printf(&sql,
	    "\n) r) end as made from seen s) "
	    "select (x.a).status, (x.a).location, (x.a).body, (x.a).dispatch, (x.a).replayed, (x.a).secret "
	    "from (select case when m.answer is null then keep_answer($%d::uuid, $%d::text, $%d::bytea, "
	    "$%d::bytea, m.made) "
	    "else m.answer end as a from made m offset 0) x",
	    nargs + 1, nargs + 2, nargs + 3, nargs + 4);
	assert(buf_ok(&sql));
	return sql.p;
}

static const struct pg_statement *wrap(const struct pg_statement *inner, int nargs)
{
	struct wrapped *w;

	HASH_FIND_PTR(wrapped_all, &inner, w);
	if (w)
		return &w->outer;
	w = mem_zalloc(sizeof *w);
	w->inner = inner;
	w->outer.name = mem_printf("once_%.*s", NAME_MAX_BYTES - 5, inner->name);
	w->outer.sql = wrap_sql(inner, nargs);
	HASH_ADD_PTR(wrapped_all, inner, w);
	return &w->outer;
}

/* ---- the request ---- */

static const struct uuid *caller_id(const struct caller *caller)
{
	return caller->role == ROLE_SERVICE ? &caller->key : &caller->user;
}

static void fingerprint(const struct httpd_request *rq, uint8_t ret[CRYPTO_SHA256_LEN])
{
	AUTO(buf_done) struct buf text = BUF(REQUEST_MAX);

	/* a path holds no line breaks that were not decoded from it, and a body's place is told by its length
	 */
	buf_printf(&text, "%.*s\n%zu\n", STR_ARG(rq->method), rq->body.n);
	buf_add_str(&text, rq->body);
	buf_add_str(&text, rq->path);
	crypto_sha256(buf_str(&text), ret);
}

/* Where a secret belongs: it opens for no other caller and key. */
static void place_of(const struct once *o, const struct caller *caller, struct buf *aad)
{
	char id[UUID_TEXT_LEN + 1];

	uuid_format(caller_id(caller), id);
	buf_printf(aad, "idempotency-key|%s|%s", id, o->key);
}

/* It is nobody else's, so it answers a set of one. */
static void stack_alone(struct pg_args *args)
{
	struct pg_args alone = PG_ARGS;

	pg_args_stack(&alone, &(const struct pg_args *){args}, 1);
	pg_args_done(args);
	*args = alone;
}

void once_wrap(
    struct once *o, struct batch_item *item, const struct httpd_request *rq, const struct crypto_keys *keys)
{
	AUTO(buf_done) struct buf aad = BUF(AAD_MAX);
	AUTO(buf_done) struct buf sealed = BUF(SEALED_MAX);
	uint8_t sha256[CRYPTO_SHA256_LEN];
	struct err err;

	fingerprint(rq, sha256);
	if (item->statement->set)
		stack_alone(&item->args);
	item->statement = wrap(item->statement, item->args.n);
	item->once = true;
	pg_arg_uuid(&item->args, caller_id(item->caller));
	pg_arg_text(&item->args, str_of(o->key));
	pg_arg_bytea(&item->args, (struct str){(const char *)sha256, sizeof sha256});
	place_of(o, item->caller, &aad);
	if (o->secret &&
	    crypto_seal(keys, (struct str){o->secret, o->secret_n}, buf_str(&aad), &sealed, &err) == RC_OK)
		pg_arg_bytea(&item->args, buf_str(&sealed));
	else
		pg_arg_null(&item->args);
}

bool once_recall(
    struct once *o, const struct caller *caller, const struct crypto_keys *keys, struct str sealed)
{
	AUTO(buf_done) struct buf aad = BUF(AAD_MAX);
	AUTO(crypto_wipe) struct buf secret = BUF(SEALED_MAX);
	struct err err;

	place_of(o, caller, &aad);
	if (crypto_open(keys, sealed, buf_str(&aad), &secret, &err) != RC_OK || secret.n != o->secret_n)
		return false;
	memcpy(o->secret, secret.p, secret.n);
	return true;
}

char *once_make_secret(struct once *o, size_t n)
{
	assert(!o->secret && n <= ONCE_SECRET_MAX);
	o->secret = mem_zalloc(n);
	o->secret_n = n;
	return o->secret;
}

void once_done(struct once *o)
{
	if (o->secret)
		explicit_bzero(o->secret, o->secret_n);
	free(o->secret);
	free(o->key);
	*o = (struct once){0};
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "tokens.h"

#include <json_pointer.h>

#define BITS_OF_KEY_SET (JWT_BIT(JWT_RS256) | JWT_BIT(JWT_ES256))

struct tokens {
	struct token_options o;
	unsigned algorithms;
	struct jwks_source *source; /* NULL: no key set */
};

/* ---- settings ---- */

static unsigned bits_with_keys(const struct token_options *o)
{
	return (*o->secret ? JWT_BIT(JWT_HS256) : 0) | (*o->jwks ? BITS_OF_KEY_SET : 0);
}

static enum rc read_algorithms(const struct token_options *o, unsigned *ret, struct err *err)
{
	struct str rest = str_of(o->algorithms);
	unsigned set = 0;

	while (rest.n) {
		struct str name = str_trim(str_cut(&rest, ','));
		unsigned bit = jwt_algorithm_parse(name);

		if (!bit)
			return err_set(err, RC_INVALID,
			    "auth.jwt_algorithms: \"%.*s\" is not one of HS256, RS256, ES256", STR_ARG(name));
		if (!(bit & bits_with_keys(o)))
			return err_set(err, RC_INVALID, "auth.jwt_algorithms: %.*s needs %s", STR_ARG(name),
			    bit == JWT_BIT(JWT_HS256) ? "auth.jwt_secret" : "auth.jwks");
		set |= bit;
	}
	*ret = set ? set : bits_with_keys(o);
	return RC_OK;
}

enum rc tokens_check(const struct token_options *o, struct err *err)
{
	unsigned algorithms;

	if (*o->secret && strlen(o->secret) < TOKEN_SECRET_MIN)
		return err_set(err, RC_INVALID,
		    "auth.jwt_secret (or AUTH_SECRET, JWT_SECRET): must have at least %d characters",
		    TOKEN_SECRET_MIN);
	if (*o->jwks && (!*o->issuer || !*o->audience))
		return err_set(err, RC_INVALID,
		    "auth.jwks needs auth.jwt_issuer and auth.jwt_audience: whoever signs with those keys "
		    "signs "
		    "for others, too");
	if (*o->jwks && !jwks_is_url(o->jwks)) {
		struct jwks *set = jwks_read_file(o->jwks, err);

		if (!set)
			return err_prefix(err, "auth.jwks");
		jwks_free(set);
	}
	return read_algorithms(o, &algorithms, err);
}

struct tokens *tokens_new(struct loop *loop, const struct token_options *o, struct http_client *http)
{
	unsigned algorithms = 0;

	if (read_algorithms(o, &algorithms, NULL) != RC_OK || !algorithms)
		return NULL;
	struct tokens *t = mem_zalloc(sizeof *t);
	t->o = *o;
	t->algorithms = algorithms;
	if (algorithms & BITS_OF_KEY_SET)
		t->source = jwks_source_new(loop, &(struct jwks_source_options){.location = o->jwks,
		                                      .refetch_ms = o->jwks_refetch_ms,
		                                      .refresh_ms = o->jwks_refresh_ms,
		                                      .http = http});
	return t;
}

void tokens_free(struct tokens *t)
{
	if (!t)
		return;
	jwks_source_free(t->source);
	free(t);
}

bool tokens_refetch(struct tokens *t, struct jwks_wait *wait)
{
	return t->source && jwks_source_refetch(t->source, wait);
}

bool tokens_lack_keys(const struct tokens *t)
{
	return t->source && !jwks_source_keys(t->source);
}

/* ---- a token ---- */

static enum jwt_fault verify(const struct tokens *t, const struct jwt *jwt)
{
	bool good;

	if (jwt->algorithm == JWT_HS256) {
		good = jwt_verify_secret(jwt, str_of(t->o.secret));
	} else {
		const struct jwks *set = jwks_source_keys(t->source);
		const struct crypto_public_key *key = set ? jwks_find(set, jwt->algorithm, jwt->kid) : NULL;

		if (!key)
			return JWT_KEY;
		good = jwt_verify_key(jwt, key);
	}
	return good ? JWT_FINE : JWT_SIGNATURE;
}

/* The claim of that name, or NULL. */
static struct json_object *find_claim(struct json_object *claims, const char *name)
{
	struct json_object *value = NULL;

	if (name[0] == '/')
		return json_pointer_get(claims, name, &value) == 0 ? value : NULL;
	json_object_object_get_ex(claims, name, &value);
	return value;
}

static bool is_role(struct json_object *value, const char *role)
{
	return json_object_is_type(value, json_type_string) &&
	       strcmp(json_object_get_string(value), role) == 0;
}

/* A role, or a list of them. */
static bool has_role(struct json_object *claims, const struct token_options *o)
{
	struct json_object *value = find_claim(claims, o->role_claim);
	bool found = is_role(value, o->admin_role);

	for (size_t i = 0; json_object_is_type(value, json_type_array) && i < json_object_array_length(value);
	     i++)
		found |= is_role(json_object_array_get_idx(value, i), o->admin_role);
	return found;
}

static bool read_tenant(struct json_object *claims, const struct token_options *o, char ret[])
{
	struct json_object *value = find_claim(claims, o->tenant_claim);
	const char *name = value ? json_object_get_string(value) : o->tenant;

	if ((value && !json_object_is_type(value, json_type_string)) || !*name ||
	    strlen(name) > TOKEN_TENANT_MAX)
		return false;
	str_copy(ret, TOKEN_TENANT_MAX + 1, name);
	return true;
}

static enum jwt_fault read_claims(
    const struct tokens *t, const struct jwt *jwt, int64_t now_s, struct token_identity *ret)
{
	AUTO(json_put_ptr) json_object *claims = NULL;
	enum jwt_fault fault = jwt_claims(jwt,
	    &(struct jwt_expected){.issuer = str_of(t->o.issuer),
	        .audience = str_of(t->o.audience),
	        .now_s = now_s,
	        .leeway_s = t->o.leeway_s},
	    &claims, &ret->expires_s);

	if (fault != JWT_FINE)
		return fault;
	str_copy(ret->subject, sizeof ret->subject, jwt_string(claims, "sub").p);
	ret->admin = has_role(claims, &t->o);
	return read_tenant(claims, &t->o, ret->tenant) ? JWT_FINE : JWT_TENANT;
}

enum jwt_fault tokens_read(
    const struct tokens *t, struct str token, int64_t now_s, struct token_identity *ret)
{
	AUTO(jwt_done) struct jwt jwt = {0};
	enum jwt_fault fault = jwt_open(token, (size_t)t->o.max_bytes, t->algorithms, &jwt);

	if (fault == JWT_FINE)
		fault = verify(t, &jwt);
	return fault == JWT_FINE ? read_claims(t, &jwt, now_s, ret) : fault;
}

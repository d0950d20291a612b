// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * JSON Web Tokens as a caller may send them: JWS compact form (RFC 7515), three algorithms, no more. Steps
 * are kept apart because a key may have to be fetched between them: open (what the header says), verify
 * (against one key of the algorithm's own kind), claims (believed only then). RFC 8725 says what to look at.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/json.h"
#include "io/crypto_public_key.h"

/* Names are those of `alg`. */
#define JWT_ALGORITHMS(X) X(HS256) X(RS256) X(ES256)

enum jwt_algorithm {
#define X(name) JWT_##name,
	JWT_ALGORITHMS(X)
#undef X
	    JWT_ALGORITHM_COUNT
};

/* A set of algorithms is an unsigned of these. */
#define JWT_BIT(algorithm) (1u << (algorithm))

/* Why a token is refused: the problem's code, and what its maker can do about it. No text shows what we
 * expect. */
#define JWT_FAULTS(X)                                                                                        \
	X(FINE, "", "")                                                                                      \
	X(TOO_LONG, "token_too_long", "the token is longer than this service accepts")                       \
	X(MALFORMED, "malformed_token",                                                                      \
	    "the token is not a signed JWT: three base64url parts, the first two JSON objects in which no "  \
	    "member is twice")                                                                               \
	X(HEADER, "token_header",                                                                            \
	    "the token's header has `crit`, or a `typ` that is not JWT or at+jwt, or a `kid` that is no "    \
	    "string")                                                                                        \
	X(ALGORITHM, "token_algorithm", "the token's `alg` is not one that this service accepts")            \
	X(KEY, "unknown_token_key",                                                                          \
	    "no key for the token's `kid` and `alg` is in the key set; a new key must be published before "  \
	    "tokens are signed by it")                                                                       \
	X(SIGNATURE, "token_signature",                                                                      \
	    "the token's signature does not verify: it was changed, or signed by another key")               \
	X(EXPIRED, "expired_token", "the token's `exp` has passed: get a new one")                           \
	X(EARLY, "early_token", "the token's `nbf` has not come yet: look at the clocks")                    \
	X(ISSUER, "token_issuer", "the token's `iss` is not the one that this service trusts")               \
	X(AUDIENCE, "token_audience", "the token's `aud` does not name this service")                        \
	X(CLAIMS, "token_claims",                                                                            \
	    "the token needs `exp` (a number) and `sub` (a string of 1 to 255 bytes); `nbf` and `iss` must " \
	    "have their types")                                                                              \
	X(TENANT, "token_tenant", "the token names no tenant that is known here")                            \
	X(COUNT, "", "")

enum jwt_fault {
#define X(id, code, detail) JWT_##id,
	JWT_FAULTS(X)
#undef X
};

const char *jwt_fault_code(enum jwt_fault fault);
const char *jwt_fault_detail(enum jwt_fault fault);

/* The algorithm of that name, as a set of one; 0 when there is none. */
unsigned jwt_algorithm_parse(struct str name);

/* An opened token. Zero-initialise; `token` must outlive it. */
struct jwt {
	struct json_object *header;
	enum jwt_algorithm algorithm;
	struct str kid;          /* in the header; empty: it names none */
	struct str signed_part;  /* of the token */
	struct str payload_part; /* of the token */
	struct buf signature;
};

/* Reads the header. `algorithms` is the set that is allowed. jwt_done in any case. */
enum jwt_fault jwt_open(struct str token, size_t max_bytes, unsigned algorithms, struct jwt *ret) MUST_USE;
void jwt_done(struct jwt *t);

/* Of a token of HS256. */
bool jwt_verify_secret(const struct jwt *t, struct str secret) MUST_USE;
/* Of a token of RS256 or ES256; the key must be of its kind. */
bool jwt_verify_key(const struct jwt *t, const struct crypto_public_key *key) MUST_USE;

/* What claims must say. Texts are borrowed. */
struct jwt_expected {
	struct str issuer;   /* empty: anybody */
	struct str audience; /* empty: anything */
	int64_t now_s;       /* since 1970 */
	int64_t leeway_s;
};

/* Reads and checks the claims of a verified token. The caller puts *ret. */
enum jwt_fault jwt_claims(const struct jwt *t, const struct jwt_expected *expected, struct json_object **ret,
    int64_t *ret_expires_s) MUST_USE;
/* A member that is a string; p NULL otherwise. */
struct str jwt_string(struct json_object *object, const char *name);

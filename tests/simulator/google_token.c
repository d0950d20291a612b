// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "google.h"
#include "io/crypto.h"
#include "token.h"

#define LIFE_S 3599
#define DEAD "{\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or revoked.\"}"
#define BAD_CODE "{\"error\":\"invalid_grant\",\"error_description\":\"Malformed auth code.\"}"
#define BAD_VERIFIER "{\"error\":\"invalid_grant\",\"error_description\":\"Invalid code verifier.\"}"
#define CONSENT                                                                                              \
	"<!DOCTYPE html><html><body><h1>Choose an account</h1><form method=\"get\">%s<input "                \
	"name=\"login_hint\"><button>Continue</button></form></body></html>"

/* ---- the token endpoint ---- */

/* RFC 7636, section 4.6; codes that nobody was asked for need none. */
static bool verifier_fits(const struct google *g, struct str form)
{
	AUTO(buf_done) struct buf text = BUF(64);
	uint8_t hash[CRYPTO_SHA256_LEN];
	char verifier[PARAM_MAX];

	if (!g->challenge[0])
		return true;
	if (!request_param(form, "code_verifier", verifier))
		return false;
	crypto_sha256(str_of(verifier), hash);
	crypto_base64_encode(CRYPTO_BASE64URL, (struct str){(const char *)hash, sizeof hash}, &text);
	return strcmp(buf_text(&text), g->challenge) == 0;
}

/* A code is good once. */
static bool code_use(struct simulator *sim, struct exchange *ex, struct google *g)
{
	int64_t n = (int64_t)ex->window.start;

	if (n <= g->codes_used) {
		answer_text(sim, ex, 400, BAD_CODE);
		return false;
	}
	if (n == g->codes_issued && !verifier_fits(g, ex->req.body)) {
		answer_text(sim, ex, 400, BAD_VERIFIER);
		return false;
	}
	g->codes_used = n;
	g->revoked = false;
	return true;
}

static void issue(struct simulator *sim, struct exchange *ex)
{
	struct account *a = ex->account;
	struct google *g = google_of(sim, a);
	bool code = ex->window.start > 0;

	if (code && !code_use(sim, ex, g))
		return;
	if (g->revoked) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 400, DEAD);
		return;
	}
	token_next(a);
	sim->traffic.count.tokens++;
	char refresh[ACCOUNT_NAME_MAX + 32] = "";
	if (code)
		snprintf(refresh, sizeof refresh, "\"refresh_token\":\"rt-%s-1\",", a->name);
	answer_printf(sim, ex, 200,
	    "{\"access_token\":\"at-%s-%u\",\"expires_in\":%" PRId64
	    ",%s\"scope\":\"%s\",\"token_type\":\"Bearer\"}",
	    a->name, a->token, MIN(a->expires_in_s, LIFE_S), refresh, g->scope);
}

#define TOKEN_CALL                                                                                           \
	.name = "oauth", .expired_status = 400, .expired_body = DEAD, .unauthorized_status = 400,            \
	.unauthorized_body = DEAD

static const struct api TOKENS = {TOKEN_CALL, .page = issue};

void google_token_begin(struct simulator *sim, struct exchange *ex)
{
	struct str form = ex->req.body;
	char type[PARAM_MAX] = "", token[PARAM_MAX] = "";
	struct str name;
	int64_t n = 0;

	request_param(form, "grant_type", type);
	bool code = strcmp(type, "authorization_code") == 0;
	if (!code && strcmp(type, "refresh_token") != 0) {
		answer_text(sim, ex, 400,
		    "{\"error\":\"unsupported_grant_type\",\"error_description\":\"Invalid grant_type\"}");
		return;
	}
	if (!request_has(form, "client_id") || !request_has(form, "client_secret")) {
		answer_text(sim, ex, 401,
		    "{\"error\":\"invalid_client\",\"error_description\":\"The OAuth client was not "
		    "found.\"}");
		return;
	}
	request_param(form, code ? "code" : "refresh_token", token);
	if (token_split(str_of(token), code ? STR("code-") : STR("rt-"), &name, &n) && (code || n == 1))
		ex->account = account_find(&sim->accounts, name);
	if (!ex->account) {
		sim->traffic.count.bad_refresh++;
		answer_text(sim, ex, 400, code ? BAD_CODE : DEAD);
		return;
	}
	ex->api = &TOKENS;
	ex->window.start = code ? (uint64_t)n : 0;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(TOKEN_RESOURCE));
}

static void revoke(struct simulator *sim, struct exchange *ex)
{
	google_of(sim, ex->account)->revoked = true;
	answer_text(sim, ex, 200, "{}");
}

void google_revoke_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api revocation = {TOKEN_CALL, .page = revoke};
	char token[PARAM_MAX] = "";
	struct str name;
	int64_t n;

	if (!request_param(ex->req.body, "token", token))
		request_param(ex->req.query, "token", token);
	if (token_split(str_of(token), STR("rt-"), &name, &n) ||
	    token_split(str_of(token), STR("at-"), &name, &n))
		ex->account = account_find(&sim->accounts, name);
	if (!ex->account) {
		answer_text(sim, ex, 400,
		    "{\"error\":\"invalid_token\",\"error_description\":\"Token expired or revoked\"}");
		return;
	}
	ex->api = &revocation;
	ex->resource = resource_get(&sim->accounts, ex->account, STR(TOKEN_RESOURCE));
}

/* ---- the page that asks for consent ---- */

/* A parameter as it came, so that it can be sent back. */
static struct str raw_param(struct str query, const char *name)
{
	while (query.n) {
		struct str value = str_cut(&query, '&');

		if (str_is(str_cut(&value, '='), name))
			return value;
	}
	return (struct str){0};
}

static void redirect(struct simulator *sim, struct exchange *ex, const char *to, const char *answer)
{
	struct str state = raw_param(ex->req.query, "state");

	answer_text(sim, ex, 302, "");
	snprintf(ex->answer.headers, sizeof ex->answer.headers, "Location: %s%c%s&state=%.*s\r\n", to,
	    strchr(to, '?') ? '&' : '?', answer, STR_ARG(state));
}

static void consent(struct simulator *sim, struct exchange *ex, struct account *a, const char *to)
{
	struct google *g = google_of(sim, a);
	char answer[PARAM_MAX], challenge[PARAM_MAX] = "";

	if (g->denies) {
		redirect(sim, ex, to, "error=access_denied");
		return;
	}
	request_param(ex->req.query, "code_challenge", challenge);
	str_copy(g->challenge, sizeof g->challenge, challenge);
	g->codes_issued = MAX(g->codes_issued, g->codes_used) + 1;
	snprintf(answer, sizeof answer, "code=code-%s-%" PRId64 "&scope=%s", a->name, g->codes_issued,
	    "email%20" GOOGLE_MAIL_SCOPE);
	redirect(sim, ex, to, answer);
}

static void form_show(struct simulator *sim, struct exchange *ex)
{
	struct str rest = ex->req.query;
	AUTO(buf_done) struct buf hidden = BUF(1 << 16);
	char key[PARAM_MAX], value[PARAM_MAX];

	while (rest.n) {
		struct str one = str_cut(&rest, '&');
		struct str left = one;
		struct str name = str_cut(&left, '=');

		snprintf(key, sizeof key, "%.*s", STR_ARG(name));
		if (request_param(one, key, value) && !strpbrk(value, "<>&\"'") && !strpbrk(key, "<>&\"'"))
			buf_printf(&hidden, "<input type=\"hidden\" name=\"%s\" value=\"%s\">", key, value);
	}
	answer_printf(sim, ex, 200, CONSENT, buf_text(&hidden));
	ex->answer.type = "text/html; charset=utf-8";
}

/* Who is to consent is told by login_hint: the account's name or address. */
void google_consent_begin(struct simulator *sim, struct exchange *ex)
{
	char to[PARAM_MAX], type[PARAM_MAX] = "", hint[PARAM_MAX] = "";
	struct account *a = NULL;

	request_param(ex->req.query, "response_type", type);
	request_param(ex->req.query, "login_hint", hint);
	if (!request_param(ex->req.query, "redirect_uri", to) || strcmp(type, "code") != 0 ||
	    !request_has(ex->req.query, "client_id") || !request_has(ex->req.query, "scope")) {
		answer_error(sim, ex, 400, "invalid_request");
		return;
	}
	if (hint[0])
		a = account_find(&sim->accounts, str_of(hint));
	if (!a && strchr(hint, '@'))
		a = account_find(&sim->accounts, (struct str){hint, strcspn(hint, "@")});
	if (a)
		consent(sim, ex, a, to);
	else
		form_show(sim, ex);
}

/* ---- whose account it is ---- */

static void userinfo_page(struct simulator *sim, struct exchange *ex)
{
	char own[ACCOUNT_NAME_MAX + 16];

	google_address(ex->account, own);
	buf_printf(&sim->body,
	    "{\"id\":\"1%020" PRIu64
	    "\",\"email\":\"%s\",\"verified_email\":true,\"name\":\"%s\",\"given_name\":\"%s\","
	    "\"picture\":\"https://lh3.googleusercontent.com/a/default\"}",
	    ex->account->salt, own, ex->account->name, ex->account->name);
}

void google_userinfo_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api userinfo = {
	    GOOGLE_CALL, .text_key = "\"given_name\":\"", .page = userinfo_page};

	ex->api = &userinfo;
	ex->call = "userinfo";
	if (!token_admit(sim, ex))
		return;
	if (google_of(sim, ex->account)->revoked)
		answer_text(sim, ex, 401, GOOGLE_UNAUTHENTICATED);
	ex->resource = resource_get(&sim->accounts, ex->account, STR("userinfo"));
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/oauth.h"

#include "base/jsonw.h"
#include "io/crypto.h"
#include "sync/oauth_words.h"

#define TIMEOUT_MS 30000 /* for declarations that name none */
#define FIELDS_MAX 4

struct field {
	const char *name;
	struct str value; /* p NULL: left out */
};

/* What is asked, and of whom. */
struct question {
	const struct template *url;
	bool post;
	bool token;                      /* of the token endpoint: its declared fields go along */
	struct field fields[FIELDS_MAX]; /* of the body */
};

/* A request in the making; all text goes into one buffer, so headers are offsets until the end. */
struct making {
	struct oauth_words words;
	const struct question *question;
	struct oauth_request *request;
	size_t header_at[OAUTH_HEADERS_MAX];
};

/* One field of the body. */
typedef void put_field(void *to, const char *name, struct str value);

static struct str secret_text(const struct making *m, const char *name)
{
	return oauth_secret_text(m->words.account, name);
}

/* Declared fields of token requests. */
static size_t nparams(const struct making *m)
{
	return m->question->token ? m->words.provider->auth.token_params.n : 0;
}

/* ---- URL ---- */

static enum rc add_query(struct making *m)
{
	for (size_t i = 0; i < nparams(m); i++) {
		const struct param *param = &m->words.provider->auth.token_params.at[i];
		AUTO(buf_done) struct buf value = BUF(OAUTH_TEXT_MAX);

		if (param->in != PARAM_QUERY)
			continue;
		if (oauth_expand(&m->words, &param->value, ESCAPE_NONE, &value) != RC_OK)
			return RC_INVALID;
		oauth_add_query(&m->request->text, param->name, buf_str(&value));
	}
	return RC_OK;
}

static enum rc add_url(struct making *m)
{
	if (oauth_add_url(&m->words, m->question->url, &m->request->text) != RC_OK || add_query(m) != RC_OK)
		return RC_INVALID;
	buf_add_char(&m->request->text, '\0');
	return RC_OK;
}

/* ---- headers ---- */

static struct buf *begin_header(struct making *m, const char *name)
{
	struct oauth_request *rq = m->request;

	m->header_at[rq->nheaders++] = rq->text.n;
	buf_add_text(&rq->text, name);
	buf_add_text(&rq->text, ": ");
	return &rq->text;
}

/* RFC 6749, 2.3.1: both are form-encoded before they are joined. */
static void add_basic(struct making *m)
{
	AUTO(crypto_wipe) struct buf pair = BUF(OAUTH_TEXT_MAX);
	struct buf *out = begin_header(m, "Authorization");

	url_encode(secret_text(m, "client_id"), "", &pair);
	buf_add_char(&pair, ':');
	url_encode(secret_text(m, "client_secret"), "", &pair);
	buf_add_text(out, "Basic ");
	crypto_base64_encode(CRYPTO_BASE64, buf_str(&pair), out);
	buf_add_char(out, '\0');
}

static void add_bearer(struct making *m)
{
	struct buf *out = begin_header(m, m->words.provider->auth.header);

	buf_add_text(out, m->words.provider->auth.prefix);
	buf_add_str(out, secret_text(m, "access_token"));
	buf_add_char(out, '\0');
}

static enum rc add_declared_headers(struct making *m)
{
	for (size_t i = 0; i < nparams(m); i++) {
		const struct param *param = &m->words.provider->auth.token_params.at[i];

		if (param->in != PARAM_HEADER)
			continue;
		if (m->request->nheaders == OAUTH_HEADERS_MAX)
			return err_set(m->words.err, RC_LIMIT,
			    "the token request of %s has more than %d headers", m->words.provider->name,
			    OAUTH_HEADERS_MAX);
		if (oauth_expand(&m->words, &param->value, ESCAPE_NONE, begin_header(m, param->name)) !=
		    RC_OK)
			return RC_INVALID;
		buf_add_char(&m->request->text, '\0');
	}
	return RC_OK;
}

static enum rc add_headers(struct making *m)
{
	const struct auth *auth = &m->words.provider->auth;

	buf_add_text(begin_header(m, "Accept"), "application/json");
	buf_add_char(&m->request->text, '\0');
	if (!m->question->post) {
		add_bearer(m);
		return RC_OK;
	}
	buf_add_text(begin_header(m, "Content-Type"), m->question->token && auth->body == BODY_JSON
	                                                  ? "application/json"
	                                                  : "application/x-www-form-urlencoded");
	buf_add_char(&m->request->text, '\0');
	if (auth->client == CLIENT_BASIC)
		add_basic(m);
	return add_declared_headers(m);
}

/* ---- body ---- */

static void put_form(void *to, const char *name, struct str value)
{
	struct buf *out = to;

	if (out->n > 0)
		buf_add_char(out, '&');
	url_encode(str_of(name), "", out);
	buf_add_char(out, '=');
	url_encode(value, "", out);
}

static void put_json(void *to, const char *name, struct str value)
{
	jsonw_str(to, name, value);
}

static void put_client(struct making *m, put_field *put, void *to)
{
	put(to, "client_id", secret_text(m, "client_id"));
	if (secret_text(m, "client_secret").p)
		put(to, "client_secret", secret_text(m, "client_secret"));
}

static enum rc put_fields(struct making *m, put_field *put, void *to)
{
	for (size_t i = 0; i < FIELDS_MAX; i++) {
		if (m->question->fields[i].value.p)
			put(to, m->question->fields[i].name, m->question->fields[i].value);
	}
	if (m->words.provider->auth.client == CLIENT_BODY)
		put_client(m, put, to);
	for (size_t i = 0; i < nparams(m); i++) {
		const struct param *param = &m->words.provider->auth.token_params.at[i];
		AUTO(buf_done) struct buf value = BUF(OAUTH_TEXT_MAX);

		if (param->in != PARAM_BODY)
			continue;
		if (oauth_expand(&m->words, &param->value, ESCAPE_NONE, &value) != RC_OK)
			return RC_INVALID;
		put(to, param->name, buf_str(&value));
	}
	return RC_OK;
}

static enum rc make_body(struct making *m, struct buf *body)
{
	if (!m->question->post)
		return RC_OK;
	if (!m->question->token || m->words.provider->auth.body == BODY_FORM)
		return put_fields(m, put_form, body);
	struct jsonw w = JSONW(body);
	jsonw_object(&w, NULL);
	enum rc rc = put_fields(m, put_json, &w);
	jsonw_object_end(&w);
	return rc;
}

/* ---- together ---- */

static enum rc make(struct making *m)
{
	AUTO(crypto_wipe) struct buf body = BUF(OAUTH_TEXT_MAX);
	const struct auth *auth = &m->words.provider->auth;
	struct oauth_request *rq = m->request;

	enum rc rc = add_url(m);
	if (rc == RC_OK)
		rc = add_headers(m);
	if (rc == RC_OK)
		rc = make_body(m, &body);
	if (rc != RC_OK)
		return rc;
	size_t body_at = rq->text.n;
	buf_add_str(&rq->text, buf_str(&body));
	if (!buf_ok(&rq->text) || !buf_ok(&body))
		return err_set(m->words.err, RC_LIMIT, "the token request of %s is larger than %u bytes",
		    m->words.provider->name, OAUTH_TEXT_MAX);
	rq->method = m->question->post ? "POST" : "GET";
	rq->url = rq->text.p;
	for (size_t i = 0; i < rq->nheaders; i++)
		rq->headers[i] = rq->text.p + m->header_at[i];
	if (m->question->post)
		rq->body = (struct str){rq->text.p + body_at, rq->text.n - body_at};
	rq->timeout_ms = auth->timeout_s > 0 ? auth->timeout_s * 1000 : TIMEOUT_MS;
	return RC_OK;
}

static enum rc ask(const struct provider *p, const struct oauth_account *a, const struct question *q,
    struct oauth_request *ret, struct err *err)
{
	struct oauth_request rq = {.text = BUF(OAUTH_TEXT_MAX)};
	struct making m = {.words = {p, a, err}, .question = q, .request = &rq};

	enum rc rc = make(&m);
	if (rc == RC_OK)
		*ret = rq;
	else
		oauth_request_done(&rq);
	return rc;
}

/* What no request goes without. */
static enum rc check(const struct provider *p, const struct oauth_account *a, struct err *err)
{
	if (p->auth.kind != AUTH_OAUTH2)
		return err_set(err, RC_INVALID, "%s does not use OAuth 2", p->name);
	if (!oauth_secret_text(a, "client_id").p)
		return err_set(err, RC_INVALID, "the connection has no client id");
	return RC_OK;
}

enum rc oauth_refresh_request(
    const struct provider *p, const struct oauth_account *a, struct oauth_request *ret, struct err *err)
{
	struct question q = {.url = &p->auth.token_url,
	    .post = true,
	    .token = true,
	    .fields = {{"grant_type", STR("refresh_token")},
	        {"refresh_token", oauth_secret_text(a, "refresh_token")}}};

	if (p->auth.kind == AUTH_OAUTH2 && !q.fields[1].value.p)
		return err_set(err, RC_INVALID, "the connection has no refresh token");
	return check(p, a, err) == RC_OK ? ask(p, a, &q, ret, err) : err->rc;
}

enum rc oauth_code_request(const struct provider *p, const struct oauth_account *a,
    const struct oauth_code *code, struct oauth_request *ret, struct err *err)
{
	struct question q = {.url = &p->auth.token_url,
	    .post = true,
	    .token = true,
	    .fields = {{"grant_type", STR("authorization_code")}, {"code", code->code},
	        {"redirect_uri", code->redirect_uri},
	        {"code_verifier", p->auth.pkce ? code->verifier : (struct str){0}}}};

	return check(p, a, err) == RC_OK ? ask(p, a, &q, ret, err) : err->rc;
}

enum rc oauth_revoke_request(
    const struct provider *p, const struct oauth_account *a, struct oauth_request *ret, struct err *err)
{
	struct str refresh = oauth_secret_text(a, "refresh_token");
	struct str token = refresh.p ? refresh : oauth_secret_text(a, "access_token");
	struct question q = {.url = &p->auth.revoke_url,
	    .post = true,
	    .fields = {{"token", token},
	        {"token_type_hint", refresh.p ? STR("refresh_token") : STR("access_token")}}};

	if (!p->auth.revoke_url.n)
		return err_set(err, RC_NOT_FOUND, "%s has no way to withdraw a token", p->name);
	if (!token.p)
		return err_set(err, RC_INVALID, "the connection has no token");
	return check(p, a, err) == RC_OK ? ask(p, a, &q, ret, err) : err->rc;
}

enum rc oauth_account_request(
    const struct provider *p, const struct oauth_account *a, struct oauth_request *ret, struct err *err)
{
	struct question q = {.url = &p->auth.account.url};

	return ask(p, a, &q, ret, err);
}

void oauth_request_done(struct oauth_request *rq)
{
	crypto_wipe(&rq->text);
	*rq = (struct oauth_request){0};
}

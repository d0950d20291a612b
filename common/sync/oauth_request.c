// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/oauth.h"

#include "base/jsonw.h"
#include "base/url.h"
#include "io/crypto.h"
#include "sync/rules.h"

#define REQUEST_MAX (64u << 10)
#define TIMEOUT_MS 30000 /* for declarations that name none */

/* A request in the making; all text goes into one buffer, so headers are offsets until the end. */
struct making {
	const struct provider *provider;
	const struct oauth_account *account;
	struct oauth_request *request;
	size_t header_at[OAUTH_HEADERS_MAX];
	struct err *err;
};

/* One field of the body. */
typedef void put_field(void *to, const char *name, struct str value);

static struct str secret_text(const struct making *m, const char *name)
{
	json_object *value = rules_value(m->account->secret, name);

	if (!json_object_is_type(value, json_type_string))
		return (struct str){0};
	struct str s = {json_object_get_string(value), (size_t)json_object_get_string_len(value)};
	return s.n ? s : (struct str){0};
}

/* ---- variables of templates ---- */

static struct str setting_text(const struct making *m, struct str name)
{
	AUTO(buf_done) struct buf path = BUF(128);

	buf_add_str(&path, name);
	json_object *value = m->account->settings ? rules_value(m->account->settings, buf_text(&path)) : NULL;
	if (!value || json_object_is_type(value, json_type_object) ||
	    json_object_is_type(value, json_type_array))
		return (struct str){0};
	struct str s = str_of(json_object_get_string(value));
	return s.n ? s : (struct str){0};
}

static struct str dc_text(const struct making *m, struct str name)
{
	const struct provider *p = m->provider;
	struct str chosen = p->data_centre_setting ? setting_text(m, str_of(p->data_centre_setting))
	                                           : (struct str){0};
	const struct data_centre *dc = NULL;

	if (!chosen.p && p->data_centre)
		chosen = str_of(p->data_centre);
	if (chosen.p)
		dc = provider_find_data_centre(p, chosen);
	for (size_t i = 0; dc && i < dc->variables.n; i++) {
		if (str_is(name, dc->variables.at[i].name))
			return str_of(dc->variables.at[i].value);
	}
	return (struct str){0};
}

static struct str lookup(void *user, const struct template_part *part)
{
	struct making *m = user;

	switch (part->variable) {
	case TEMPLATE_EXTERNAL_ID:
		return m->account->external_id.n ? m->account->external_id : (struct str){0};
	case TEMPLATE_SETTING:
		return setting_text(m, part->text);
	case TEMPLATE_DC:
		return dc_text(m, part->text);
	default:
		return (struct str){0};
	}
}

static enum rc expand(
    struct making *m, const struct template *t, enum template_escape escape, struct buf *out)
{
	const struct template_part *missing = NULL;

	if (template_expand(t, escape, lookup, m, out, &missing))
		return RC_OK;
	return err_set(m->err, RC_INVALID,
	    "the token request of %s needs ${%s%.*s}, which this connection does not have", m->provider->name,
	    template_variable_name(missing->variable), STR_ARG(missing->text));
}

/* ---- URL ---- */

static enum rc add_query(struct making *m)
{
	struct buf *out = &m->request->text;
	char separator = '?';

	for (size_t i = 0; i < m->provider->auth.token_params.n; i++) {
		const struct param *param = &m->provider->auth.token_params.at[i];

		if (param->in != PARAM_QUERY)
			continue;
		buf_add_char(out, separator);
		separator = '&';
		url_encode(str_of(param->name), "", out);
		buf_add_char(out, '=');
		if (expand(m, &param->value, ESCAPE_QUERY, out) != RC_OK)
			return RC_INVALID;
	}
	return RC_OK;
}

static enum rc add_url(struct making *m)
{
	struct buf *out = &m->request->text;
	AUTO(buf_done) struct buf declared = BUF(REQUEST_MAX);

	if (expand(m, &m->provider->auth.token_url, ESCAPE_URL, &declared) != RC_OK)
		return RC_INVALID;
	struct str url = buf_str(&declared);
	size_t cut = m->account->origin.n ? url_origin(url).n : 0;
	buf_add_str(out, m->account->origin);
	buf_add(out, url.p + cut, url.n - cut);
	if (add_query(m) != RC_OK)
		return RC_INVALID;
	buf_add_char(out, '\0');
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
	AUTO(crypto_wipe) struct buf pair = BUF(REQUEST_MAX);
	struct buf *out = begin_header(m, "Authorization");

	url_encode(secret_text(m, "client_id"), "", &pair);
	buf_add_char(&pair, ':');
	url_encode(secret_text(m, "client_secret"), "", &pair);
	buf_add_text(out, "Basic ");
	crypto_base64_encode(CRYPTO_BASE64, buf_str(&pair), out);
	buf_add_char(out, '\0');
}

static enum rc add_headers(struct making *m)
{
	const struct auth *auth = &m->provider->auth;

	buf_add_text(begin_header(m, "Accept"), "application/json");
	buf_add_char(&m->request->text, '\0');
	buf_add_text(begin_header(m, "Content-Type"),
	    auth->body == BODY_JSON ? "application/json" : "application/x-www-form-urlencoded");
	buf_add_char(&m->request->text, '\0');
	if (auth->client == CLIENT_BASIC)
		add_basic(m);
	for (size_t i = 0; i < auth->token_params.n; i++) {
		const struct param *param = &auth->token_params.at[i];

		if (param->in != PARAM_HEADER)
			continue;
		if (m->request->nheaders == OAUTH_HEADERS_MAX)
			return err_set(m->err, RC_LIMIT, "the token request of %s has more than %d headers",
			    m->provider->name, OAUTH_HEADERS_MAX);
		if (expand(m, &param->value, ESCAPE_NONE, begin_header(m, param->name)) != RC_OK)
			return RC_INVALID;
		buf_add_char(&m->request->text, '\0');
	}
	return RC_OK;
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

static enum rc put_fields(struct making *m, put_field *put, void *to)
{
	const struct auth *auth = &m->provider->auth;

	put(to, "grant_type", STR("refresh_token"));
	put(to, "refresh_token", secret_text(m, "refresh_token"));
	if (auth->client == CLIENT_BODY) {
		put(to, "client_id", secret_text(m, "client_id"));
		if (secret_text(m, "client_secret").p)
			put(to, "client_secret", secret_text(m, "client_secret"));
	}
	for (size_t i = 0; i < auth->token_params.n; i++) {
		const struct param *param = &auth->token_params.at[i];
		AUTO(buf_done) struct buf value = BUF(REQUEST_MAX);

		if (param->in != PARAM_BODY)
			continue;
		if (expand(m, &param->value, ESCAPE_NONE, &value) != RC_OK)
			return RC_INVALID;
		put(to, param->name, buf_str(&value));
	}
	return RC_OK;
}

static enum rc make_body(struct making *m, struct buf *body)
{
	if (m->provider->auth.body == BODY_FORM)
		return put_fields(m, put_form, body);
	struct jsonw w = JSONW(body);
	jsonw_object(&w, NULL);
	enum rc rc = put_fields(m, put_json, &w);
	jsonw_object_end(&w);
	return rc;
}

/* ---- together ---- */

static enum rc check_account(const struct making *m)
{
	const struct provider *p = m->provider;

	if (p->auth.kind != AUTH_OAUTH2)
		return err_set(m->err, RC_INVALID, "%s does not use OAuth 2", p->name);
	if (!secret_text(m, "refresh_token").p)
		return err_set(m->err, RC_INVALID, "the connection has no refresh token");
	if (!secret_text(m, "client_id").p)
		return err_set(m->err, RC_INVALID, "the connection has no client id");
	return RC_OK;
}

static enum rc make_request(struct making *m)
{
	AUTO(crypto_wipe) struct buf body = BUF(REQUEST_MAX);
	struct oauth_request *rq = m->request;

	enum rc rc = check_account(m);
	if (rc == RC_OK)
		rc = add_url(m);
	if (rc == RC_OK)
		rc = add_headers(m);
	if (rc == RC_OK)
		rc = make_body(m, &body);
	if (rc != RC_OK)
		return rc;
	size_t body_at = rq->text.n;
	buf_add_str(&rq->text, buf_str(&body));
	if (!buf_ok(&rq->text) || !buf_ok(&body))
		return err_set(m->err, RC_LIMIT, "the token request of %s is larger than %u bytes",
		    m->provider->name, REQUEST_MAX);
	rq->url = rq->text.p;
	for (size_t i = 0; i < rq->nheaders; i++)
		rq->headers[i] = rq->text.p + m->header_at[i];
	rq->body = (struct str){rq->text.p + body_at, rq->text.n - body_at};
	rq->timeout_ms = m->provider->auth.timeout_s > 0 ? m->provider->auth.timeout_s * 1000 : TIMEOUT_MS;
	return RC_OK;
}

enum rc oauth_refresh_request(
    const struct provider *p, const struct oauth_account *a, struct oauth_request *ret, struct err *err)
{
	struct oauth_request rq = {.text = BUF(REQUEST_MAX)};
	struct making m = {.provider = p, .account = a, .request = &rq, .err = err};

	enum rc rc = make_request(&m);
	if (rc == RC_OK)
		*ret = rq;
	else
		oauth_request_done(&rq);
	return rc;
}

void oauth_request_done(struct oauth_request *rq)
{
	crypto_wipe(&rq->text);
	*rq = (struct oauth_request){0};
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "control.h"
#include "declared.h"
#include "dial.h"
#include "google_state.h"
#include "json.h"
#include "limit.h"
#include "token.h"

#include <openssl/evp.h>
#include <xxhash.h>

#define ROWS_DEFAULT 1000
#define LOG_DEFAULT 100000

static struct account *account_named(struct simulator *sim, struct exchange *ex)
{
	struct account *a = account_find(&sim->accounts, ex->args[0]);

	if (!a)
		answer_error(sim, ex, 404, "no such account: POST /control/accounts/{account} makes one");
	return a;
}

static void revisions_write(const struct account *a, struct buf *ret)
{
	buf_add_text(ret, ",\"revisions\":[");
	for (unsigned k = 0; k < a->revision_count; k++) {
		const struct revision *r = &a->revisions[k];

		buf_printf(ret, "%s{\"version\":%u,\"every\":%u,\"changed_at\":%" PRId64 "}", k ? "," : "",
		    r->number, r->every, r->changed_s);
	}
	buf_add_char(ret, ']');
}

static void state_write(const struct account *a, struct buf *ret)
{
	const char *comma = "";

	buf_printf(ret, "{\"account\":\"%s\",\"records\":{", a->name);
	for (const struct resource *r = a->resources; r; r = r->next) {
		if (strcmp(r->name, TOKEN_RESOURCE) == 0)
			continue;
		buf_add_text(ret, comma);
		json_string(ret, str_of(r->name));
		buf_printf(ret, ":%" PRIu64, r->records);
		comma = ",";
	}
	buf_printf(ret, "},\"latency_ms\":%" PRId64 ",\"clock_skew\":%" PRId64 ",\"version\":%u",
	    a->latency_ms, a->clock_skew_s, a->revisions[a->revision_count - 1].number);
	revisions_write(a, ret);
	buf_printf(ret,
	    ",\"requests\":%" PRIu64 ",\"pages\":%" PRIu64 ",\"in_flight\":%u,\"token\":", a->served,
	    a->pages, a->in_flight);
	token_write_state(a, ret);
	buf_add_text(ret, ",\"google\":");
	google_write_state(a, ret);
	buf_add_text(ret, ",\"limits\":");
	limits_write(a->limits, ret);
	buf_add_text(ret, ",\"dials\":");
	dials_write(a, ret);
	buf_add_text(ret, "}\n");
}

static void state_answer(struct simulator *sim, struct exchange *ex, const struct account *a)
{
	answer_text(sim, ex, 200, "");
	state_write(a, &sim->body);
}

void control_account_get(struct simulator *sim, struct exchange *ex)
{
	const struct account *a = account_named(sim, ex);

	if (a)
		state_answer(sim, ex, a);
}

void control_dials_clear(struct simulator *sim, struct exchange *ex)
{
	struct account *a = account_named(sim, ex);

	if (!a)
		return;
	dials_clear(a);
	state_answer(sim, ex, a);
}

void control_dial_kinds(struct simulator *sim, struct exchange *ex)
{
	answer_text(sim, ex, 200, "");
	dials_write_kinds(&sim->body);
}

/* The resource and API that the query names; answers and returns false when it cannot. */
static bool rows_of(struct simulator *sim, struct exchange *ex)
{
	char name[PARAM_MAX], api[PARAM_MAX];

	ex->account = account_named(sim, ex);
	if (!ex->account)
		return false;
	if (!request_param(ex->req.query, "resource", name) || !name[0]) {
		answer_error(sim, ex, 400, "resource: missing");
		return false;
	}
	ex->api = declared_api(str_of(name));
	if (!ex->api)
		ex->api = api_of(str_of(name));
	if (request_param(ex->req.query, "api", api) && strcmp(api, ex->api->name) != 0)
		ex->api = api_named(api, str_of(name));
	if (!ex->api) {
		answer_error(sim, ex, 400, "api: none of that name serves the resource");
		return false;
	}
	ex->resource = resource_get(&sim->accounts, ex->account, str_of(name));
	if (ex->api->prepare)
		ex->api->prepare(sim, ex->account);
	if (ex->api == &BENCH && !ex->resource->sized)
		ex->resource->records = sim->bench_records;
	return true;
}

static bool row_is_gone(const struct exchange *ex, uint64_t i)
{
	return resource_lacks(ex->resource, i) ||
	       (ex->api->hides && ex->api->hides(ex->account, ex->resource, i));
}

void control_rows(struct simulator *sim, struct exchange *ex)
{
	int64_t from = 0;
	int64_t n = ROWS_DEFAULT;

	if (!rows_of(sim, ex))
		return;
	if (!request_number(ex->req.query, "from", 0, INT32_MAX, &from) ||
	    !request_number(ex->req.query, "n", 0, INT32_MAX, &n)) {
		answer_error(sim, ex, 400, "from, n: whole numbers");
		return;
	}
	uint64_t to = MIN(ex->resource->records, (uint64_t)(from + n));
	const char *comma = "";
	answer_text(sim, ex, 200, "[");
	for (uint64_t i = (uint64_t)from; i < to; i++) {
		if (row_is_gone(ex, i))
			continue;
		buf_add_text(&sim->body, comma);
		ex->api->record(ex->account, ex->resource, i, &sim->body);
		comma = ",\n";
	}
	buf_add_text(&sim->body, "]\n");
}

/* One pass over the ids: those of each API sort by index. */
static void digest_write(struct exchange *ex, bool ids, struct buf *ret)
{
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned md_n = 0;
	struct buf id = BUF(128);
	const char *comma = "";
	uint64_t xor = 0;
	uint64_t sum = 0;
	uint64_t n = 0;

	if (!sha || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1)
		abort();
	buf_add_text(ret, "{\"ids\":[");
	for (uint64_t i = 0; i < ex->resource->records; i++) {
		if (row_is_gone(ex, i))
			continue;
		n++;
		buf_clear(&id);
		ex->api->id(ex->account, ex->resource, i, &id);
		uint64_t h = XXH3_64bits(id.p, id.n);
		xor ^= h;
		sum += h;
		if (comma[0] && EVP_DigestUpdate(sha, "\n", 1) != 1)
			abort();
		if (EVP_DigestUpdate(sha, id.p, id.n) != 1)
			abort();
		if (ids)
			buf_printf(ret, "%s\"%s\"", comma, id.p);
		comma = ",";
	}
	if (EVP_DigestFinal_ex(sha, md, &md_n) != 1)
		abort();
	EVP_MD_CTX_free(sha);
	buf_done(&id);
	buf_printf(ret,
	    "],\"count\":%" PRIu64 ",\"xor\":\"%016" PRIx64 "\",\"sum\":\"%016" PRIx64 "\",\"sha256\":\"", n,
	    xor, sum);
	buf_add_hex(ret, md, md_n);
	buf_add_text(ret, "\"}\n");
}

void control_digest(struct simulator *sim, struct exchange *ex)
{
	int64_t ids = 1;

	if (!rows_of(sim, ex))
		return;
	if (!request_number(ex->req.query, "ids", 0, 1, &ids)) {
		answer_error(sim, ex, 400, "ids: 0 or 1");
		return;
	}
	answer_text(sim, ex, 200, "");
	digest_write(ex, ids, &sim->body);
}

void control_limits_get(struct simulator *sim, struct exchange *ex)
{
	answer_text(sim, ex, 200, "");
	limits_write(sim->limits, &sim->body);
}

void control_log(struct simulator *sim, struct exchange *ex)
{
	int64_t after = 0;
	int64_t limit = LOG_DEFAULT;
	char account[PARAM_MAX];
	bool one = request_param(ex->req.query, "account", account);

	if (!request_number(ex->req.query, "after", 0, INT64_MAX, &after) ||
	    !request_number(ex->req.query, "limit", 0, INT64_MAX, &limit)) {
		answer_error(sim, ex, 400, "after, limit: whole numbers");
		return;
	}
	answer_text(sim, ex, 200, "");
	ex->answer.type = "application/x-ndjson";
	traffic_write(&sim->traffic, (uint64_t)after, (uint64_t)limit, one ? account : NULL, &sim->body);
}

void control_reset(struct simulator *sim, struct exchange *ex)
{
	simulator_reset(sim);
	answer_text(sim, ex, 200, "{}\n");
}

void control_stats(struct simulator *sim, struct exchange *ex)
{
	answer_text(sim, ex, 200, "");
	traffic_write_stats(&sim->traffic, &sim->body);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "google_handlers.h"

#include "call.h"
#include "io/crypto.h"
#include "statements.h"
#include "waits.h"

/* The workers take jobs by themselves: whoever comes by a timer makes sure of the oldest, and learns of its
 * end. */
struct running {
	struct wait wait; /* its id is the sync's */
	struct call *call;
	bool waiting;
};

static void release(void *kept)
{
	struct running *r = kept;

	if (r->waiting)
		waits_leave(call_calls(r->call)->sync_waits, &r->wait);
	free(r);
}

/* Ended or not: the job says what has become of it. */
static void over(struct wait *wait, bool ended)
{
	struct running *r = CONTAINER_OF(wait, struct running, wait);
	struct pg_args *args = call_args(r->call);

	(void)ended;
	r->waiting = false;
	pg_args_clear(args);
	pg_arg_uuid(args, &wait->id);
	call_read(r->call, &sql_google_job_handed_out, call_answer);
}

static void handed_out(struct call *c, struct reply row)
{
	struct running *r = call_kept(c);
	const char *id = row.location ? strrchr(row.location, '/') : NULL;

	if (row.status != 202 || !id || !uuid_parse(str_of(id + 1), &r->wait.id)) {
		call_answer(c, row);
		return;
	}
	reply_done(&row);
	r->waiting = true;
	waits_add(call_calls(c)->sync_waits, &r->wait, call_calls(c)->o->internal_wait_ms);
}

static bool is_secret(struct str given, const char *secret)
{
	uint8_t a[CRYPTO_SHA256_LEN];
	uint8_t b[CRYPTO_SHA256_LEN];

	crypto_sha256(given, a);
	crypto_sha256(str_of(secret), b);
	return crypto_equal(a, b, sizeof a);
}

/* The secret that came with the request; p NULL: none. */
static struct str secret_of(const struct httpd_request *rq)
{
	struct str scheme = httpd_header(rq, "Authorization");
	struct str rest = scheme;

	if (scheme.p && str_eq_nocase(str_cut(&rest, ' '), STR("Bearer")))
		return str_trim(rest);
	return httpd_header(rq, "X-Internal-Secret");
}

void google_run_once(struct call *c)
{
	const char *secret = call_calls(c)->o->internal_secret;
	struct str given = secret_of(call_request(c));

	if (!secret[0]) {
		call_refuse(
		    c, 403, "forbidden", "this route is closed: the service has no INTERNAL_SYNC_SECRET");
		return;
	}
	if (!given.p || !is_secret(given, secret)) {
		call_refuse(c, 401, "unauthorized",
		    "send INTERNAL_SYNC_SECRET as Authorization: Bearer, or as X-Internal-Secret");
		return;
	}
	struct running *r = mem_zalloc(sizeof *r);
	r->call = c;
	r->wait.done = over;
	call_keep(c, r, release);
	call_write(c, &sql_google_job_hand_out, handed_out);
}

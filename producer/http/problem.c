// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/jsonw.h"
#include "problem.h"

#define TYPE_PREFIX "https://sync-fleet.dev/problems/"
#define DETAIL_MAX 2048
#define DOCUMENT_MAX ((size_t)64 << 10)
#define ERRORS_MAX ((size_t)32 << 10)

void problem_faults_init(struct problem_faults *f)
{
	*f = (struct problem_faults){.detail = BUF(DETAIL_MAX), .json = BUF(ERRORS_MAX)};
}

void problem_faults_done(struct problem_faults *f)
{
	buf_done(&f->detail);
	buf_done(&f->json);
}

void problem_fault(struct problem_faults *f, const char *code, const char *pointer, const char *fmt, ...)
{
	struct jsonw w = {.out = &f->json, .comma = f->n > 0};
	char detail[DETAIL_MAX];
	va_list args;

	va_start(args, fmt);
	// NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start stands right above
	vsnprintf(detail, sizeof detail, fmt, args);
	va_end(args);
	if (f->n >= PROBLEM_FAULTS_MAX)
		return;
	if (f->n++ == 0) {
		f->code = code;
		buf_add_text(&f->detail, detail);
	}
	jsonw_object(&w, NULL);
	jsonw_text(&w, "pointer", pointer);
	jsonw_text(&w, "detail", detail);
	jsonw_object_end(&w);
}

static struct reply make(int status, const char *code, const char *detail, struct str errors)
{
	struct buf out = BUF(DOCUMENT_MAX);
	struct jsonw w = JSONW(&out);
	char title[64];

	snprintf(title, sizeof title, "%s", code);
	for (char *p = title; *p; p++)
		if (*p == '_')
			*p = ' ';
	jsonw_object(&w, NULL);
	buf_printf(&out, "\"type\":\"" TYPE_PREFIX "%s\"", code);
	w.comma = true;
	jsonw_text(&w, "title", title);
	jsonw_int(&w, "status", status);
	jsonw_text(&w, "detail", detail);
	jsonw_text(&w, "code", code);
	buf_add_text(&out, ",\"errors\":[");
	buf_add_str(&out, errors);
	buf_add_char(&out, ']');
	jsonw_object_end(&w);
	return (struct reply){.status = status, .body = out.p, .body_n = out.n};
}

struct reply problem_reply(int status, const char *code, const char *detail)
{
	return make(status, code, detail, (struct str){"", 0});
}

struct reply problem_reply_faults(int status, const struct problem_faults *f)
{
	/* an errors list that grew too long is left out whole: half a member would be no JSON */
	return make(status, f->code, buf_text(&f->detail),
	    buf_ok(&f->json) ? buf_str(&f->json) : (struct str){"", 0});
}

struct reply problem_reply_away(void)
{
	return problem_reply(503, "database_away", "the database cannot be reached; try again");
}

/* By prefix of the SQLSTATE; the first that fits. */
static const struct {
	const char *prefix;
	int status;
	const char *code;
	const char *detail;
} sqlstates[] = {
    {"08", 503, "database_away", "the database cannot be reached; try again"},
    {"22", 422, "value_refused", "the database cannot hold one of the values"},
    {"23", 409, "conflict", "the request collides with what is stored"},
    {"25006", 500, "internal_error", "a reading route tried to write"},
    {"40", 503, "database_busy", "the database is busy with the same objects; try again"},
    {"53", 503, "database_busy", "the database is out of resources; try again"},
    {"55P03", 503, "database_busy", "the database is busy with the same objects; try again"},
    {"57014", 503, "database_busy", "the database took too long; try again"},
    {"57P", 503, "database_away", "the database is restarting; try again"},
    {"", 500, "internal_error", "the request failed inside the service"},
};

struct reply problem_reply_sql(const struct err *err)
{
	if (err->rc == RC_LOST)
		return problem_reply(503, "outcome_unknown",
		    "the connection to the database was lost before it answered; look whether the request "
		    "took effect");
	for (size_t i = 0;; i++)
		if (strncmp(err->sqlstate, sqlstates[i].prefix, strlen(sqlstates[i].prefix)) == 0)
			return problem_reply(sqlstates[i].status, sqlstates[i].code, sqlstates[i].detail);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "sync/dead_letter.h"

#include "base/utf8.h"
#include "sync/messages_private.h"

#define HEADER_TEXT_MAX (64u << 10)

enum header_kind {
	HEADER_TEXT,
	HEADER_STAGE,
	HEADER_CODE,
	HEADER_CLASS,
	HEADER_INT,
	HEADER_TIME,
	HEADER_BOOL,
	HEADER_STATUS
};

struct header_field {
	const char *name;
	size_t offset;
	int64_t min;
	enum header_kind kind;
	bool optional;
};

#define FIELD(header, of_kind, member)                                                                       \
	{                                                                                                    \
		.name = (header), .kind = (of_kind), .offset = offsetof(struct dead_letter, member)          \
	}

#define OPTIONAL(header, of_kind, member)                                                                    \
	{                                                                                                    \
		.name = (header), .kind = (of_kind), .offset = offsetof(struct dead_letter, member),         \
		.optional = true                                                                             \
	}

static const struct header_field task_headers[] = {
    FIELD("__connect.errors.topic", HEADER_TEXT, topic),
    FIELD("__connect.errors.task.id", HEADER_TEXT, task_id),
    FIELD("__connect.errors.stage", HEADER_STAGE, stage),
    FIELD("__connect.errors.exception.class.name", HEADER_CLASS, class),
    FIELD("__connect.errors.exception.message", HEADER_TEXT, message),
    {.name = "x-dlq-attempts",
        .kind = HEADER_INT,
        .offset = offsetof(struct dead_letter, attempts),
        .min = 1},
    FIELD("x-dlq-first-failed-at", HEADER_TIME, first_failed_at),
    FIELD("x-dlq-last-failed-at", HEADER_TIME, last_failed_at),
    FIELD("x-dlq-retryable", HEADER_BOOL, retryable),
    OPTIONAL("x-dlq-request", HEADER_TEXT, request),
    OPTIONAL("x-dlq-response-status", HEADER_STATUS, response_status),
    OPTIONAL("x-dlq-response-headers", HEADER_TEXT, response_headers),
    OPTIONAL("x-dlq-response-body", HEADER_TEXT, response_body),
};

static const struct header_field request_headers[] = {
    FIELD("__connect.errors.topic", HEADER_TEXT, topic),
    FIELD("__connect.errors.partition", HEADER_INT, partition),
    FIELD("__connect.errors.offset", HEADER_INT, offset),
    FIELD("__connect.errors.stage", HEADER_STAGE, stage),
    FIELD("__connect.errors.exception.class.name", HEADER_CODE, class),
    FIELD("__connect.errors.exception.message", HEADER_TEXT, message),
};

static bool of_chars(struct str s, const char *first, const char *further, size_t max)
{
	if (s.n == 0 || s.n > max || !strchr(first, s.p[0]) || !s.p[0])
		return false;
	for (size_t i = 1; i < s.n; i++) {
		if (!s.p[i] || (!strchr(first, s.p[i]) && !strchr(further, s.p[i])))
			return false;
	}
	return true;
}

static bool is_error_class(struct str s)
{
	struct str rest = STR(ERROR_CLASSES);

	while (rest.n) {
		if (str_eq(str_cut(&rest, '|'), s))
			return true;
	}
	return false;
}

/* Decimal digits only: header numbers have neither sign nor space. */
static bool read_int(struct str s, int64_t min, int64_t *ret)
{
	return of_chars(s, "0123456789", "", 19) && str_to_i64(s, ret) && *ret >= min;
}

static enum rc read_header(
    const struct header_field *f, struct str value, void *target, struct json_problem *problem)
{
	char pointer[80];
	char *to = (char *)target + f->offset;
	struct str *text = (struct str *)(void *)to;

	snprintf(pointer, sizeof pointer, "/headers/%s", f->name);
	if (f->kind == HEADER_INT && !read_int(value, f->min, (int64_t *)(void *)to))
		return message_problem(problem, pointer, "must be digits, at least %" PRId64, f->min);
	if (f->kind == HEADER_BOOL && !str_is(value, "true") && !str_is(value, "false"))
		return message_problem(problem, pointer, "must be true or false");
	if (f->kind == HEADER_BOOL)
		*(bool *)to = str_is(value, "true");
	if (f->kind == HEADER_INT || f->kind == HEADER_BOOL)
		return RC_OK;
	if (f->kind == HEADER_TIME && message_check_time(value, pointer, problem) != RC_OK)
		return RC_INVALID;
	if (f->kind == HEADER_CLASS && !is_error_class(value))
		return message_problem(problem, pointer, "must be one of %s", ERROR_CLASSES);
	if (f->kind == HEADER_STATUS && (value.n != 3 || !of_chars(value, "12345", "0123456789", 3)))
		return message_problem(problem, pointer, "must be a status, 100 to 599");
	if (f->kind == HEADER_STAGE && !of_chars(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "_", 32))
		return message_problem(problem, pointer, "must be 1 to 32 of A-Z and _");
	if (f->kind == HEADER_CODE && !of_chars(value, "abcdefghijklmnopqrstuvwxyz", "_0123456789", 64))
		return message_problem(problem, pointer, "must be 1 to 64 of a-z, 0-9 and _");
	if (value.n == 0 || value.n > HEADER_TEXT_MAX || !utf8_valid(value))
		return message_problem(
		    problem, pointer, "must be UTF-8 text of 1 to %u bytes", HEADER_TEXT_MAX);
	*text = value;
	return RC_OK;
}

static const struct kafka_header *find(const struct kafka_header *headers, size_t n, const char *name)
{
	for (size_t i = n; i > 0; i--) {
		if (strcmp(headers[i - 1].name, name) == 0)
			return &headers[i - 1];
	}
	return NULL;
}

static bool is_ours(const char *name)
{
	return str_starts(str_of(name), STR(DEAD_LETTER_PREFIX)) || str_starts(str_of(name), STR("x-dlq-"));
}

static enum rc check_unknown(const struct kafka_header *headers, size_t n, const struct header_field *fields,
    size_t nfields, struct json_problem *problem)
{
	char pointer[80];

	for (size_t i = 0; i < n; i++) {
		bool known = !is_ours(headers[i].name);

		for (size_t k = 0; k < nfields && !known; k++)
			known = strcmp(headers[i].name, fields[k].name) == 0;
		snprintf(pointer, sizeof pointer, "/headers/%.60s", headers[i].name);
		if (!known)
			return message_problem(problem, pointer, "unknown header of a dead letter");
	}
	return RC_OK;
}

enum rc dead_letter_decode(
    const struct kafka_header *headers, size_t n, struct dead_letter *ret, struct json_problem *problem)
{
	struct dead_letter d = {.of_task = find(headers, n, "__connect.errors.task.id")};
	const struct header_field *fields = d.of_task ? task_headers : request_headers;
	size_t nfields = d.of_task ? ARRAY_SIZE(task_headers) : ARRAY_SIZE(request_headers);
	char pointer[80];

	if (check_unknown(headers, n, fields, nfields, problem) != RC_OK)
		return RC_INVALID;
	for (size_t i = 0; i < nfields; i++) {
		const struct kafka_header *h = find(headers, n, fields[i].name);

		snprintf(pointer, sizeof pointer, "/headers/%s", fields[i].name);
		if (!h && fields[i].optional)
			continue;
		if (!h)
			return message_problem(problem, pointer, "required header is missing");
		if (read_header(&fields[i], h->value, &d, problem) != RC_OK)
			return RC_INVALID;
	}
	struct uuid id;
	if (d.of_task && !uuid_parse(d.task_id, &id))
		return message_problem(problem, "/headers/__connect.errors.task.id", "must be a UUID");
	*ret = d;
	return RC_OK;
}

size_t dead_letter_headers(const struct kafka_message *m, const struct dead_letter *why,
    struct dead_letter_text *text, struct kafka_header *headers, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (!is_ours(headers[i].name))
			headers[kept++] = headers[i];
	}
	snprintf(text->partition, sizeof text->partition, "%" PRId32, m->partition);
	snprintf(text->offset, sizeof text->offset, "%" PRId64, m->offset);
	const struct kafka_header own[DEAD_LETTER_OWN_HEADERS] = {
	    {"__connect.errors.topic", str_of(m->topic)},
	    {"__connect.errors.partition", str_of(text->partition)},
	    {"__connect.errors.offset", str_of(text->offset)},
	    {"__connect.errors.stage", why->stage},
	    {"__connect.errors.exception.class.name", why->class},
	    {"__connect.errors.exception.message", why->message},
	};
	memcpy(headers + kept, own, sizeof own);
	return kept + DEAD_LETTER_OWN_HEADERS;
}

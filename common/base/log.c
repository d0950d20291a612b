// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/log.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/jsonw.h"
#include "base/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"
#define TAIL_ROOM 32 /* for "truncated" and the end of the line */

enum log_level log_threshold = LOG_LEVEL_INFO;

static bool as_json;
static const char *service;

static const char *const severities[] = {"DEBUG", "INFO", "WARN", "ERROR"};

void log_init(enum log_format format, enum log_level level, const char *program)
{
	as_json = format == LOG_FORMAT_JSON || (format == LOG_FORMAT_AUTO && !isatty(STDERR_FILENO));
	log_threshold = level;
	service = program;
}

/* A value in text form is quoted as soon as a reader could take its end for something else. */
static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
			return true;
	}
	return s.n == 0;
}

static void add_text(struct buf *line, struct str value)
{
	struct str cut = utf8_cut(value, LOG_VALUE_MAX);
	bool quotes = as_json || needs_quotes(cut);

	if (!value.p) {
		buf_add_text(line, "null");
		return;
	}
	if (quotes)
		buf_add_char(line, '"');
	json_escape(line, cut);
	if (cut.n < value.n)
		buf_add_text(line, ELLIPSIS);
	if (quotes)
		buf_add_char(line, '"');
}

static void add_name(struct buf *line, const char *name)
{
	if (!as_json) {
		buf_printf(line, " %s=", name);
		return;
	}
	buf_add_text(line, line->n > 1 ? ",\"" : "\"");
	json_escape(line, str_of(name));
	buf_add_text(line, "\":");
}

static void add_uuid(struct buf *line, const struct uuid *id)
{
	char text[UUID_TEXT_LEN + 1];

	if (id)
		uuid_format(id, text);
	add_text(line, id ? str_of(text) : (struct str){0});
}

static void add_field(struct buf *line, const struct log_field *f)
{
	add_name(line, f->name);
	switch (f->kind) {
	case LOG_KIND_STR:
		add_text(line, f->text);
		break;
	case LOG_KIND_INT:
		buf_printf(line, "%" PRId64, f->number);
		break;
	case LOG_KIND_BOOL:
		buf_add_text(line, f->number ? "true" : "false");
		break;
	case LOG_KIND_UUID:
		add_uuid(line, f->uuid);
		break;
	case LOG_KIND_ERR:
		add_text(line, f->err ? str_of(f->err->text) : (struct str){0});
		if (!f->err || !f->err->sqlstate[0])
			break;
		add_name(line, "sqlstate");
		add_text(line, str_of(f->err->sqlstate));
		break;
	}
}

static void add_head(struct buf *line, enum log_level level, const char *event)
{
	char now[CLOCK_TEXT_LEN + 1];

	clock_format(clock_unix_us(), now);
	if (!as_json) {
		buf_printf(line, "%s %-5s ", now, severities[level]);
		json_escape(line, str_of(event));
		return;
	}
	buf_add_char(line, '{');
	add_field(line, &LOG_STR("timestamp", (const char *)now));
	add_field(line, &LOG_STR("severity_text", severities[level]));
	add_field(line, &LOG_STR("event", event));
	if (service)
		add_field(line, &LOG_STR("service.name", service));
}

/* A log that nobody reads must not stop the program: what cannot be written is dropped. */
static void put_line(struct str line)
{
	while (line.n) {
		ssize_t n = write(STDERR_FILENO, line.p, line.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		line.p += n;
		line.n -= (size_t)n;
	}
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
	static _Thread_local struct buf line; /* kept, so that logging does not allocate */
	bool truncated = false;

	line.max = LOG_LINE_MAX - TAIL_ROOM;
	buf_clear(&line);
	add_head(&line, level, event);
	for (size_t i = 0; i < n; i++) {
		size_t before = line.n;

		add_field(&line, &fields[i]);
		if (buf_ok(&line))
			continue;
		line.n = before;
		line.full = false;
		truncated = true;
	}
	line.max = LOG_LINE_MAX;
	if (truncated)
		add_field(&line, &LOG_BOOL("truncated", true));
	buf_add_text(&line, as_json ? "}\n" : "\n");
	put_line(buf_str(&line));
}

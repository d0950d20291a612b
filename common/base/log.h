// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * One line on stderr for each event: a JSON object, or text when a person watches. Values are typed fields
 *and never format strings; whatever they hold is escaped, so no input can forge a line. Only programs log,
 *never common/.
 *
 *	log_event(LOG_LEVEL_INFO, "listening", LOG_STR("name", "http"), LOG_STR("address", address));
 *	{"timestamp":"2026-11-20T12:34:56.000000Z","severity_text":"INFO","event":"listening","service.name":...}
 *
 * Event and field names are literals in snake_case; timestamp, severity_text, event and service.name are
 *taken.
 */
#include "base/base.h"
#include "base/uuid.h"

/* A line is written with one write(2) of at most this, so that lines of several processes on one pipe stay
 * whole. */
#define LOG_LINE_MAX 4096
#define LOG_VALUE_MAX 1024 /* bytes of one value; longer ones are cut and end in an ellipsis */

/* In the order of LOG_LEVELS and LOG_FORMATS, which are the allowed values of log.level and log.format. */
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_JSON, LOG_FORMAT_TEXT };
#define LOG_LEVELS "debug|info|warn|error"
#define LOG_FORMATS "auto|json|text"

enum log_kind { LOG_KIND_STR, LOG_KIND_INT, LOG_KIND_BOOL, LOG_KIND_UUID, LOG_KIND_ERR };

struct log_field {
	const char *name;
	enum log_kind kind;
	union {
		struct str text;
		int64_t number;
		const struct uuid *uuid;
		const struct err *err;
	};
};

/* `program` must outlive the log. Before this call: text, level info. Auto is text on a terminal, else JSON.
 */
void log_init(enum log_format format, enum log_level level, const char *program);

/* The lowest level that is written; read by log_event so that a silent event costs one comparison. */
extern enum log_level log_threshold;

/* Fields are evaluated only when the level is on. Those that no longer fit are left out, and "truncated":true
 * says so. */
#define log_event(level, event, ...)                                                                         \
	do {                                                                                                 \
		if ((level) >= log_threshold) {                                                              \
			const struct log_field log_fields_[] = {{0}, ##__VA_ARGS__};                         \
			log_write((level), (event), log_fields_ + 1, ARRAY_SIZE(log_fields_) - 1);           \
		}                                                                                            \
	} while (0)

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);

/* `v` is a struct str or a char pointer (NULL is logged as null). */
#define LOG_STR(k, v)                                                                                        \
	((struct log_field){.name = (k),                                                                     \
	    .kind = LOG_KIND_STR,                                                                            \
	    .text = _Generic((v), struct str: log_slice, char *: str_of, const char *: str_of)(v)})
#define LOG_INT(k, v) ((struct log_field){.name = (k), .kind = LOG_KIND_INT, .number = (int64_t)(v)})
#define LOG_BOOL(k, v) ((struct log_field){.name = (k), .kind = LOG_KIND_BOOL, .number = (v)})
/* A pointer to a struct uuid; NULL is logged as null. */
#define LOG_UUID(k, v) ((struct log_field){.name = (k), .kind = LOG_KIND_UUID, .uuid = (v)})
/* A struct err: field "error", and "sqlstate" when there is one. */
#define LOG_ERR(e) ((struct log_field){.name = "error", .kind = LOG_KIND_ERR, .err = (e)})

static inline struct str log_slice(struct str s)
{
	return s;
}

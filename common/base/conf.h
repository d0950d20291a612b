// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * A program's settings: one table of options says names, types, defaults, ranges and help; everything else
 *(file, environment, flags, --help-config) follows from it. A later source wins:
 *
 *	defaults < file (--config FILE or SYNCFLEET_CONFIG) < environment < flags
 *
 * "database.url" is `url` in the file's group `database`, SYNCFLEET_DATABASE__URL in the environment and
 *--database.url= (or --database.url VALUE) among the flags. Any text option can also be read from a file that
 *the environment names: SYNCFLEET_DATABASE__URL_FILE (one newline at the end is dropped). Secrets come from
 *the environment only, in one of these two forms. An empty variable counts as absent.
 */
#include "base/base.h"

enum conf_type { CONF_TYPE_STRING, CONF_TYPE_INT, CONF_TYPE_BOOL, CONF_TYPE_ENUM };

/* The offset of a member, after checking at compile time that its type is what the option writes. */
#define CONF_OFFSET(T, member, ...)                                                                          \
	(offsetof(T, member) + 0 * sizeof(char[_Generic(((T *)0)->member, __VA_ARGS__, default : -1)]))

/* Where an option's value goes: {.name = "clock.tick_ms", CONF_INT(struct config, tick_ms), .fallback =
 * "200", ...}. */
#define CONF_STRING(T, member) .type = CONF_TYPE_STRING, .offset = CONF_OFFSET(T, member, const char * : 1)
#define CONF_INT(T, member) .type = CONF_TYPE_INT, .offset = CONF_OFFSET(T, member, int64_t : 1)
#define CONF_BOOL(T, member) .type = CONF_TYPE_BOOL, .offset = CONF_OFFSET(T, member, bool : 1)
/* The position of the value in `allowed`, counted from 0. */
#define CONF_ENUM(T, member) .type = CONF_TYPE_ENUM, .offset = CONF_OFFSET(T, member, int : 1, unsigned : 1)

struct conf_option {
	const char *name; /* words of [a-z0-9_], joined by '.' */
	enum conf_type type;
	char letter; /* a short flag, -o, or 0 */
	bool secret;
	bool flag_only; /* neither file nor environment: an argument of this one run */
	size_t offset;
	const char *fallback; /* the default as text; NULL is "" for strings, 0 and false */
	int64_t min,
	    max; /* an int's range; a string's bytes (min 1: it must be set; max 0: 64 KiB). Both 0: any */
	const char *allowed; /* "debug|info|warn": an enum's values */
	const char *help;
	const char *
	    also; /* "A|B": other variables of the environment, looked at in this order when ours is absent */
};

struct conf_program {
	const char *name;
	const char *usage; /* printed by --help after the first line, may be NULL */
	const struct conf_option *options;
	size_t noptions;
	const char *positional; /* "COMMAND [ARGUMENT...]", or NULL when there are none */
};

enum conf_action {
	CONF_RUN,
	CONF_CHECK, /* --check-config and the settings are good: check the rest and exit */
	CONF_EXIT,  /* --help, --help-config, --version or --failpoints was printed */
	CONF_USAGE, /* a wrong flag or argument */
	CONF_BAD,   /* a wrong setting */
};

struct conf;

/* `program` and `target` (the struct that the offsets are of) must outlive the handle. Defaults are in place
 * at once. */
struct conf *conf_new(const struct conf_program *program, void *target);
/* Reads all sources into the target; `err` is set for CONF_USAGE and CONF_BAD and never holds a value of a
 * setting. */
enum conf_action conf_load(struct conf *conf, int argc, char **argv, struct err *err) MUST_USE;
/* What is not a flag, in order; owned by argv. */
char **conf_positional(const struct conf *conf, int *ret_n);
/* Whether the value came from the file, the environment or a flag. */
bool conf_was_set(const struct conf *conf, const char *name);
/* Frees the strings of the target, too; secrets are overwritten. Accepts NULL. */
void conf_free(struct conf *conf);

/* One of process.h: ok, usage or configuration. */
int conf_exit_code(enum conf_action action);

/* The table behind --help-config: name, default, allowed values, environment variable, help. */
void conf_print_help(const struct conf_program *program, FILE *out);

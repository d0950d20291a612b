// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What conf.c, conf_file.c and conf_help.c share; nobody else includes this. */
#include "base/conf.h"

#define CONF_ENV_MAX 160          /* bytes of an environment variable's name */
#define CONF_VALUE_MAX (64 << 10) /* bytes of one value: a list of keys, a long connection string */

struct conf_value {
	char *text; /* of strings: what the target points to */
	bool was_set;
};

struct conf {
	const struct conf_program *program;
	char *target;
	struct conf_value *values; /* one for each option */
	char *file;                /* the configuration file or NULL */
	int argc;
	char **positional;
	int npositional;
	bool check;
};

/* The index of an option, or noptions. */
size_t conf_find(const struct conf_program *program, struct str name);
/* Checks `text` and writes it to the target; `origin` ("worker.cfg:3") begins the error. */
enum rc conf_set(
    struct conf *conf, size_t index, struct str text, const char *origin, struct err *err) MUST_USE;
enum rc conf_read_file(struct conf *conf, struct err *err) MUST_USE;
void conf_env_name(const struct conf_option *option, char ret[CONF_ENV_MAX]);
/* "unknown <what> "name"; did you mean a, b?": RC_INVALID. */
enum rc conf_unknown(const struct conf_program *program, const char *what, struct str name, struct err *err);
/* Prints usage and flags, for --help. */
void conf_print_usage(const struct conf_program *program, FILE *out);

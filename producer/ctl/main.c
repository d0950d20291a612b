// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"
#include "ctl_sql.h"

#include <pwd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"

static bool takes_flag(const struct ctl_command *command, const char *name)
{
	const char *list;
	struct str flag;
	bool required;

	for (size_t i = 0; (list = ctl_flags(command, i)); i++) {
		struct str rest = str_of(list);

		while (ctl_next_flag(&rest, &flag, &required)) {
			if (str_is(flag, name))
				return true;
		}
	}
	return false;
}

static enum rc check_needed(
    const struct ctl_command *command, const struct conf *conf, const char *list, struct err *err)
{
	struct str rest = str_of(list);
	struct str flag;
	bool required;
	char name[64];

	while (ctl_next_flag(&rest, &flag, &required)) {
		snprintf(name, sizeof name, "%.*s", STR_ARG(flag));
		if (required && !conf_was_set(conf, name))
			return err_set(err, RC_INVALID, "%s needs --%s", command->name, name);
	}
	return RC_OK;
}

static enum rc check_flags(const struct ctl_command *command, const struct conf *conf, struct err *err)
{
	const char *list;

	for (size_t i = 0; i < ctl_program.noptions; i++) {
		const struct conf_option *o = &ctl_program.options[i];

		if (o->flag_only && conf_was_set(conf, o->name) && !takes_flag(command, o->name))
			return err_set(err, RC_INVALID,
			    "%s does not take --%s; syncctl %s --help lists its flags", command->name,
			    o->name, command->name);
	}
	for (size_t i = 0; (list = ctl_flags(command, i)); i++) {
		if (check_needed(command, conf, list, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

static enum rc check_id(const char *name, const char *text, struct err *err)
{
	struct uuid id;

	if (*text && !uuid_parse(str_of(text), &id))
		return err_set(err, RC_INVALID, "%s: %s is no id, which look like %s", name, text,
		    "019a2b3c-0000-7000-8000-000000000000");
	return RC_OK;
}

/* As many as the table says, "[FILE]" or not, and ids where ids are wanted. */
static enum rc check_args(const struct ctl *ctl, struct err *err)
{
	const char *args = ctl->command->args ? ctl->command->args : "";
	struct str rest = str_of(args);
	int n = 0;
	int needed = 0;

	while (rest.n) {
		struct str arg = str_cut(&rest, ' ');

		needed += arg.p[0] != '[';
		if (n < ctl->nargs && ctl_is_id(arg) &&
		    check_id(ctl->command->name, ctl->args[n], err) != RC_OK)
			return err->rc;
		n++;
	}
	if (ctl->nargs < needed || ctl->nargs > n)
		return err_set(
		    err, RC_INVALID, "usage: syncctl %s%s%s", ctl->command->name, *args ? " " : "", args);
	return check_id("--connection", ctl->o.connection, err);
}

/* Bytes of a character that a terminal would obey: C0 and DEL, and C1 in its UTF-8 form. 0: it is none. */
static size_t control_len(const char *p)
{
	unsigned char c = (unsigned char)p[0];
	unsigned char next = c == 0xc2 ? (unsigned char)p[1] : 0xff;

	return (c < 0x20 && c != '\n') || c == 0x7f ? 1 : next < 0xa0 ? 2 : 0;
}

/* Errors may quote a name that somebody chose to upset a terminal. */
static int complain(const char *text, int code)
{
	struct str trimmed = str_trim(str_of(text));

	fputs("syncctl: ", stderr);
	for (size_t i = 0, n; i < trimmed.n; i += MAX(n, 1)) {
		n = control_len(trimmed.p + i);
		fputc(n ? ' ' : trimmed.p[i], stderr);
	}
	fputc('\n', stderr);
	return code;
}

static enum rc open_database(struct ctl *ctl, struct err *err)
{
	const struct passwd *who = getpwuid(getuid());
	char actor[64];
	struct pg_args args = PG_ARGS;
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;

	ctl->db = pg_blocking_open(ctl->o.database_url, "syncctl", err);
	if (!ctl->db)
		return err->rc;
	snprintf(actor, sizeof actor, "syncctl %.40s", who ? who->pw_name : "");
	pg_arg_text(&args, str_of(actor));
	enum rc rc = pg_blocking_query(ctl->db, &sql_ctl_open, &args, &r, err);
	pg_args_done(&args);
	if (rc == RC_OK)
		ctl->ahead_us = pg_i64(r, 0, 3) - clock_unix_us();
	return rc;
}

static int exit_code(const struct ctl *ctl, enum rc rc)
{
	return ctl->code            ? ctl->code
	       : rc == RC_NOT_FOUND ? CTL_NOT_FOUND
	       : rc == RC_TIMEOUT   ? CTL_TIMEOUT
	       : rc == RC_OK        ? PROCESS_OK
	                            : PROCESS_FAILED;
}

static int run_command(struct ctl *ctl)
{
	struct err err = {0};
	enum rc rc = ctl->command->no_database ? RC_OK : open_database(ctl, &err);

	if (rc == RC_OK)
		rc = ctl->command->run(ctl, &err);
	pg_blocking_close(ctl->db);
	if (strcmp(err.sqlstate, "42P01") == 0)
		return complain("the database has no tables yet: run syncctl migrate up", PROCESS_FAILED);
	if (rc != RC_OK)
		return complain(err.text, exit_code(ctl, rc));
	if (fflush(stdout) != 0)
		return complain("writing the output failed", PROCESS_FAILED);
	return exit_code(ctl, RC_OK);
}

static int run(struct conf *conf, struct ctl *ctl, int argc, char **argv)
{
	struct err err = {0};
	enum conf_action action = conf_load(conf, argc, argv, &err);
	int n;
	int used = 0;

	if (action == CONF_USAGE || action == CONF_BAD)
		return complain(err.text, conf_exit_code(action));
	if (action != CONF_RUN)
		return PROCESS_OK;
	char **words = conf_positional(conf, &n);
	ctl->command = ctl_find(words, n, &used);
	if (!ctl->command) {
		ctl_unknown(words, n, &err);
		return complain(err.text, PROCESS_USAGE);
	}
	ctl->args = words + used;
	ctl->nargs = n - used;
	if (check_flags(ctl->command, conf, &err) != RC_OK || check_args(ctl, &err) != RC_OK)
		return complain(err.text, PROCESS_USAGE);
	return run_command(ctl);
}

/* The words before the first flag say of which command. */
static bool print_help(int argc, char **argv)
{
	int n = 0;
	int used;
	bool asked = false;

	while (n + 1 < argc && argv[n + 1][0] != '-')
		n++;
	for (int i = n + 1; i < argc; i++)
		asked = asked || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
	if (asked)
		ctl_print_help(ctl_find(argv + 1, n, &used), argv + 1, n);
	return asked;
}

int main(int argc, char **argv)
{
	struct ctl ctl = {.out = stdout};

	if (print_help(argc, argv))
		return PROCESS_OK;
	struct conf *conf = conf_new(&ctl_program, &ctl.o);
	int code = run(conf, &ctl, argc, argv);
	conf_free(conf);
	return code;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#define NAME_MAX_BYTES 64 /* of a command's words, joined */

/* The words of a command's name, when `words` begins with them; else 0. */
static int words_of(const char *name, char **words, int n)
{
	struct str rest = str_of(name);
	int used = 0;

	while (rest.n) {
		struct str word = str_cut(&rest, ' ');

		if (used == n || !str_is(word, words[used]))
			return 0;
		used++;
	}
	return used;
}

const struct ctl_command *ctl_find(char **words, int n, int *ret_used)
{
	const struct ctl_command *c;

	for (size_t i = 0; (c = ctl_command(i)); i++) {
		*ret_used = words_of(c->name, words, n);
		if (*ret_used)
			return c;
	}
	return NULL;
}

/* ---- what may be meant ---- */

static void join(char **words, int n, char *ret, size_t size)
{
	struct buf text = BUF(NAME_MAX_BYTES);

	for (int i = 0; i < n; i++)
		buf_printf(&text, "%s%.20s", i ? " " : "", words[i]);
	str_copy(ret, size, buf_text(&text));
	buf_done(&text);
}

/* Lists and single things are shown by verbs that all nouns share, whatever the habit. */
static void by_verb(char **words, int n, char *ret, size_t size)
{
	if (n < 2 || strlen(words[0]) > NAME_MAX_BYTES / 2)
		join(words, MIN(n, 2), ret, size);
	else if (strcmp(words[1], "list") == 0)
		snprintf(ret, size, "get %.30s", words[0]);
	else if (strcmp(words[1], "groups") == 0)
		snprintf(ret, size, "get %.20s-groups", words[0]);
	else if (strcmp(words[1], "show") == 0)
		snprintf(ret, size, "describe %.30s", words[0]);
	else
		join(words, 2, ret, size);
}

static const char *nearest(struct str text)
{
	const struct ctl_command *c;
	const char *best = NULL;
	size_t best_distance = MAX(text.n / 3, 2) + 1;

	for (size_t i = 0; (c = ctl_command(i)); i++) {
		size_t d = str_distance(str_of(c->name), text);

		if (d < best_distance) {
			best = c->name;
			best_distance = d;
		}
	}
	return best;
}

/* What may follow the first word, when it begins several commands. */
static bool add_followers(const char *word, struct buf *out)
{
	const struct ctl_command *c;
	size_t n = strlen(word);
	bool any = false;

	for (size_t i = 0; (c = ctl_command(i)); i++) {
		if (strncmp(c->name, word, n) != 0 || c->name[n] != ' ')
			continue;
		buf_printf(out, "%s%s", any ? ", " : "", c->name + n + 1);
		any = true;
	}
	return any;
}

enum rc ctl_unknown(char **words, int n, struct err *err)
{
	char typed[NAME_MAX_BYTES];
	char meant[NAME_MAX_BYTES];
	AUTO(buf_done) struct buf followers = BUF(ERR_TEXT_MAX);

	if (n == 0)
		return err_set(err, RC_INVALID, "no command given, see syncctl --help");
	join(words, MIN(n, 2), typed, sizeof typed);
	by_verb(words, n, meant, sizeof meant);
	const char *near = nearest(str_of(meant));
	if (!near)
		near = nearest(str_of(words[0]));
	if (n > 1 && near)
		return err_set(err, RC_INVALID, "no such command: %s; did you mean syncctl %s?", typed, near);
	if (add_followers(words[0], &followers))
		return err_set(err, RC_INVALID, "%s wants one of: %s", words[0], buf_text(&followers));
	if (near)
		return err_set(err, RC_INVALID, "no such command: %s; did you mean syncctl %s?", typed, near);
	return err_set(err, RC_INVALID, "no such command: %s, see syncctl --help", typed);
}

/* ---- help ---- */

static void print_flag(struct str name, bool required)
{
	const struct conf_option *o = ctl_option(name);
	char text[48];
	char letter[8] = "    ";

	assert(o);
	snprintf(text, sizeof text, "--%s%s", o->name,
	    o->type == CONF_TYPE_BOOL  ? ""
	    : o->type == CONF_TYPE_INT ? "=N"
	    : o->allowed               ? "="
	                               : "=...");
	if (o->letter)
		snprintf(letter, sizeof letter, "-%c, ", o->letter);
	printf("  %s%-26s %s%s%s%s\n", letter, text, o->allowed ? o->allowed : "", o->allowed ? ": " : "",
	    o->help, required ? "; must be given" : "");
}

static void print_command(const struct ctl_command *c)
{
	const char *list;
	struct str flag;
	bool required;

	printf("usage: syncctl %s%s%s [FLAGS]\n\n%s\n\n  e.g. %s\n\nflags:\n", c->name, c->args ? " " : "",
	    c->args ? c->args : "", c->help, c->example);
	for (size_t i = 0; (list = ctl_flags(c, i)); i++) {
		struct str rest = str_of(list);

		while (ctl_next_flag(&rest, &flag, &required))
			print_flag(flag, required);
	}
}

static void print_commands(const char *only)
{
	const struct ctl_command *c;
	size_t n = strlen(only);
	char text[64];

	for (size_t i = 0; (c = ctl_command(i)); i++) {
		if (strncmp(c->name, only, n) != 0 || (n && c->name[n] != ' '))
			continue;
		snprintf(text, sizeof text, "%s%s%s", c->name, c->args ? " " : "", c->args ? c->args : "");
		printf("  %-32s %s\n", text, c->help);
	}
}

void ctl_print_help(const struct ctl_command *command, char **words, int n)
{
	if (command) {
		print_command(command);
		return;
	}
	printf("usage: syncctl COMMAND [FLAGS]\n\ncommands (syncctl COMMAND --help says more):\n");
	print_commands(n ? words[0] : "");
	printf("\n  -o, --output=table|json    a table, or one JSON object a line\n"
	       "      --no-headers           no line of column names above a table\n"
	       "      --config=FILE          read settings from FILE\n"
	       "      --help-config          print all settings; --NAME=VALUE sets one that is no secret\n"
	       "      --version              print the version\n"
	       "\n"
	       "Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not "
	       "found,\n"
	       "4 not as things are now (ended already, exists already), 5 timed out, 78 wrong settings.\n");
}

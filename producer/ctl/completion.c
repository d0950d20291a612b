// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

/*
 * Completion from the table of commands: after each beginning of a command what may follow, and after a
 * whole one its flags. zsh runs bash's function by its own bashcompinit.
 */

#define LIST_MAX (64u << 10)

/* ---- what follows ---- */

/* Adds a word unless the list, with blanks between, has it. */
static void add_once(struct buf *list, struct str word)
{
	struct str rest = buf_str(list);

	while (rest.n) {
		if (str_eq(str_cut(&rest, ' '), word))
			return;
	}
	buf_printf(list, "%s%.*s", list->n ? " " : "", STR_ARG(word));
}

/* The words that stand behind `before` ("" or a first word) in commands. */
static void list_next(const char *before, struct buf *out)
{
	const struct ctl_command *c;
	size_t n = strlen(before);

	for (size_t i = 0; (c = ctl_command(i)); i++) {
		struct str rest = str_of(c->name + (strncmp(c->name, before, n) == 0 ? n : 0));

		if (n && (rest.p == c->name || rest.p[0] != ' '))
			continue;
		if (n)
			str_cut(&rest, ' ');
		add_once(out, str_cut(&rest, ' '));
	}
}

static void list_flags(const struct ctl_command *c, const char *prefix, struct buf *out)
{
	const char *list;
	struct str flag;
	bool required;

	for (size_t i = 0; (list = ctl_flags(c, i)); i++) {
		struct str rest = str_of(list);

		while (ctl_next_flag(&rest, &flag, &required)) {
			const struct conf_option *o = ctl_option(flag);

			buf_printf(out, "%s%s%.*s%s", out->n ? " " : "", prefix, STR_ARG(flag),
			    *prefix && o->type != CONF_TYPE_BOOL ? "=" : "");
		}
	}
	buf_printf(out, "%s%shelp", out->n ? " " : "", prefix);
}

/* ---- bash and zsh ---- */

/* The flags that no value follows, as a pattern. */
static void list_switches(struct buf *out)
{
	buf_add_text(out, "-y|--help");
	for (size_t i = 0; i < ctl_program.noptions; i++) {
		if (ctl_program.options[i].type == CONF_TYPE_BOOL)
			buf_printf(out, "|--%s", ctl_program.options[i].name);
	}
}

static void print_bash(void)
{
	const struct ctl_command *c;
	struct buf firsts = BUF(LIST_MAX);
	struct buf list = BUF(LIST_MAX);

	list_next("", &firsts);
	list_switches(&list);
	printf("_syncctl() {\n"
	       "\tlocal current=${COMP_WORDS[COMP_CWORD]} typed='' word value='' found=''\n"
	       "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	       "\t\tcase $word in\n"
	       "\t\t=) ;;\n"
	       "\t\t%s|--*=*) value='' ;;\n"
	       "\t\t-*) value=1 ;;\n"
	       "\t\t*) [[ $value ]] || typed+=\"$word \"; value='' ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\tcase \"$current:$typed\" in\n",
	    buf_text(&list));
	for (size_t i = 0; (c = ctl_command(i)); i++) {
		buf_clear(&list);
		list_flags(c, "--", &list);
		printf("\t-*:'%s '*) found='%s' ;;\n", c->name, buf_text(&list));
	}
	printf("\t*:'') found='%s' ;;\n", buf_text(&firsts));
	for (struct str rest = buf_str(&firsts); rest.n;) {
		struct str first = str_cut(&rest, ' ');
		char word[32];

		snprintf(word, sizeof word, "%.*s", STR_ARG(first));
		buf_clear(&list);
		list_next(word, &list);
		if (list.n)
			printf("\t*:'%s ') found='%s' ;;\n", word, buf_text(&list));
	}
	puts("\t*:'completion ') found='bash zsh fish' ;;\n"
	     "\t*:'config check ') found='sync-producer sync-worker' ;;\n"
	     "\tesac\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$found\" -- \"$current\")\n"
	     "\t[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null || "
	     "true\n"
	     "}\n"
	     "complete -o default -F _syncctl syncctl");
	buf_done(&list);
	buf_done(&firsts);
}

static void print_zsh(void)
{
	puts("#compdef syncctl\n"
	     "autoload -U +X bashcompinit && bashcompinit\n"
	     "mapfile() { shift 2; local line; COMPREPLY=(); while IFS= read -r line; do "
	     "COMPREPLY+=(\"$line\"); done }");
	print_bash();
}

/* ---- fish ---- */

static void print_fish(void)
{
	const struct ctl_command *c;
	struct buf list = BUF(LIST_MAX);

	puts("function __syncctl_typed\n"
	     "\tset -l words (string match -v -- '-*' (commandline -opc)[2..-1])\n"
	     "\ttest \"$words[1..2]\" = \"$argv\" -o \"$words\" = \"$argv\" -o \"$words[1]\" = \"$argv\" -a "
	     "-n \"$argv\"\n"
	     "end\n"
	     "complete -c syncctl -f");
	for (size_t i = 0; (c = ctl_command(i)); i++) {
		struct str rest = str_of(c->name);
		struct str first = str_cut(&rest, ' ');

		printf("complete -c syncctl -n 'test (count (commandline -opc)) -eq 1' -a '%.*s'\n",
		    STR_ARG(first));
		if (rest.n)
			printf("complete -c syncctl -n '__syncctl_typed %.*s; and test (count (commandline "
			       "-opc)) -eq 2' "
			       "-a '%.*s' -d '%s'\n",
			    STR_ARG(first), STR_ARG(rest), c->name);
		buf_clear(&list);
		list_flags(c, "", &list);
		for (struct str flags = buf_str(&list); flags.n;)
			printf("complete -c syncctl -n '__syncctl_typed %s' -l '%.*s'\n", c->name,
			    STR_ARG(str_cut(&flags, ' ')));
	}
	buf_done(&list);
}

enum rc ctl_completion(struct ctl *ctl, struct err *err)
{
	const char *shell = ctl->args[0];

	if (strcmp(shell, "bash") == 0)
		print_bash();
	else if (strcmp(shell, "zsh") == 0)
		print_zsh();
	else if (strcmp(shell, "fish") == 0)
		print_fish();
	else
		return err_set(err, RC_INVALID, "SHELL is bash, zsh or fish, which %s is not", shell);
	return RC_OK;
}

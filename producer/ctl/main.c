// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "base/conf.h"
#include "base/process.h"

static const struct ctl_command commands[] = {
    {"migrate up", "", "migrations", "apply the migrations that are missing", true, ctl_migrate_up},
    {"migrate status", "", "migrations", "list migrations; exits 1 when one is pending", true,
        ctl_migrate_status},
    {"tenants create", "NAME", "", "make a tenant", true, ctl_tenants_create},
    {"tenants list", "", "", "list tenants", true, ctl_tenants_list},
    {"keys create", "", "tenant! name! rights expires-in", "make a service key; it is shown this once", true,
        ctl_keys_create},
    {"keys list", "", "tenant", "list service keys", true, ctl_keys_list},
    {"keys revoke", "ID", "", "end a service key", true, ctl_keys_revoke},
    {"connections create", "",
        "tenant! provider! external-id! settings access-token-file refresh-token-file client-id "
        "client-secret-file expires-in",
        "make a connection", true, ctl_connections_create},
    {"connections import", "FILE", "",
        "make the connections of a JSON list, all or none (- is stdin); objects of tenant, provider, "
        "external_id, "
        "settings, access_token, refresh_token, client_id, client_secret, expires_in",
        true, ctl_connections_import},
    {"connections list", "", "tenant", "list connections", true, ctl_connections_list},
    {"deletions list", "", "tenant", "list deletions that the guard holds back", true, ctl_deletions_list},
    {"deletions accept", "", "connection! resource!",
        "let the next complete walk delete what the guard holds back", true, ctl_deletions_accept},
    {"records list", "", "tenant connection provider resource limit",
        "list records in quarantine, newest first", true, ctl_records_list},
    {"records show", "ID", "", "show a record in quarantine with its text", true, ctl_records_show},
    {"records replay", "", "connection! resource! ids",
        "store a resource's quarantined records that fit by now; the workers do it, as a sync", true,
        ctl_records_replay},
    {"secrets rotate", "", "",
        "seal the connections' secrets with the first of crypto.keys, while the fleet runs; then shows which "
        "keys are still in use",
        true, ctl_secrets_rotate},
    {"secrets status", "", "", "count the connections' secrets by the key that sealed them", true,
        ctl_secrets_status},
    {"breakers list", "", "", "list the breakers of providers that fail or have failed", true,
        ctl_breakers_list},
    {"breakers close", "PROVIDER", "", "close a provider's breaker; what waits for it goes on", true,
        ctl_breakers_close},
    {"topics create", "", "partitions replicas", "make the topics that are missing", false,
        ctl_topics_create},
    {"probe", "URL", "", "ask a program's admin port; exits 1 unless it answers 200 (health checks)", false,
        ctl_probe},
};

#define FLAG(text, member) .name = (text), CONF_STRING(struct ctl_options, member), .flag_only = true

static const struct conf_option options[] = {
    {.name = "database.url",
        CONF_STRING(struct ctl_options, database_url),
        .help = "PostgreSQL, as postgresql:// or key=value; empty: libpq's own PG... variables"},
    {.name = "kafka.bootstrap_servers",
        CONF_STRING(struct ctl_options, kafka_bootstrap),
        .fallback = "127.0.0.1:9092",
        .help = "host:port[,host:port...]"},
    {.name = "kafka.properties",
        CONF_STRING(struct ctl_options, kafka_properties),
        .help = "more librdkafka properties, name=value;name=value"},
    {.name = "kafka.topic_prefix",
        CONF_STRING(struct ctl_options, kafka_topic_prefix),
        .fallback = "",
        .help = "before every topic name, as the programs have it"},
    {.name = "providers.dir",
        CONF_STRING(struct ctl_options, providers_dir),
        .help = "folder of the declarations; default ./common/providers, else the installed one"},
    {.name = "crypto.keys",
        CONF_STRING(struct ctl_options, crypto_keys),
        .secret = true,
        .help = "id:base64 of 32 bytes[,...]; the first seals secrets, all open them"},
    {.name = "output",
        .letter = 'o',
        CONF_ENUM(struct ctl_options, output),
        .allowed = "table|json",
        .flag_only = true,
        .help = "table|json: a table, or one JSON object a line"},
    {FLAG("migrations", migrations), .help = "folder; default ./schemas/migrations, else the installed one"},
    {FLAG("tenant", tenant), .help = "the tenant's name"},
    {FLAG("name", name), .help = "what the key is called"},
    {FLAG("rights", rights), .help = "some of read, sync, connect, admin, operate (read,sync)"},
    {FLAG("connection", connection), .help = "a connection's id"},
    {FLAG("resource", resource), .help = "a resource's name"},
    {FLAG("provider", provider), .help = "the provider's name"},
    {FLAG("external-id", external_id), .help = "the account's id at the provider"},
    {FLAG("settings", settings), .help = "a JSON object for the provider's declaration"},
    {FLAG("access-token-file", access_token_file), .help = "file with the access token, - for stdin"},
    {FLAG("refresh-token-file", refresh_token_file), .help = "file with the refresh token, - for stdin"},
    {FLAG("client-id", client_id), .help = "the OAuth client"},
    {FLAG("client-secret-file", client_secret_file), .help = "file with the client's secret, - for stdin"},
    {.name = "expires-in",
        CONF_INT(struct ctl_options, expires_in),
        .min = 0,
        .max = INT64_C(10) * 366 * 86400,
        .flag_only = true,
        .help = "seconds until the access token or the key expires"},
    {FLAG("ids", ids), .help = "ids of quarantined records, with commas between; all when left out"},
    {.name = "limit",
        CONF_INT(struct ctl_options, limit),
        .fallback = "100",
        .min = 1,
        .max = 1000000,
        .flag_only = true,
        .help = "how many at most (100)"},
    {.name = "partitions",
        CONF_INT(struct ctl_options, partitions),
        .fallback = "12",
        .min = 1,
        .max = 1000,
        .flag_only = true,
        .help = "partitions of each new topic (12)"},
    {.name = "replicas",
        CONF_INT(struct ctl_options, replicas),
        .fallback = "-1",
        .min = -1,
        .max = 100,
        .flag_only = true,
        .help = "replicas of each new topic (-1: the broker's default)"},
};

/* Takes a word off a list like "tenant! name". */
static bool next_flag(struct str *list, struct str *ret, bool *ret_required)
{
	if (!list->n)
		return false;
	*ret = str_cut(list, ' ');
	*ret_required = ret->n && ret->p[ret->n - 1] == '!';
	ret->n -= *ret_required;
	return true;
}

static bool takes_flag(const struct ctl_command *command, const char *name)
{
	struct str rest = str_of(command->flags);
	struct str flag;
	bool required;

	while (next_flag(&rest, &flag, &required)) {
		if (str_is(flag, name))
			return true;
	}
	return strcmp(name, "output") == 0;
}

static char *usage_text(void)
{
	struct buf out = BUF(16 << 10);

	buf_add_text(&out, "\ncommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const struct ctl_command *c = &commands[i];
		struct str rest = str_of(c->flags);
		struct str flag;
		bool required;

		buf_printf(&out, "  %s%s%s", c->name, *c->args ? " " : "", c->args);
		while (next_flag(&rest, &flag, &required))
			buf_printf(&out, required ? " --%.*s=..." : " [--%.*s=...]", STR_ARG(flag));
		buf_printf(&out, "\n      %s\n", c->help);
	}
	return out.p;
}

/* The command of the first two words; leaves the others in the context. */
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

static const struct ctl_command *find_command(struct ctl *ctl, const struct conf *conf)
{
	int n;
	char **words = conf_positional(conf, &n);

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		int used = words_of(commands[i].name, words, n);

		if (!used)
			continue;
		ctl->args = words + used;
		ctl->nargs = n - used;
		return &commands[i];
	}
	return NULL;
}

static enum rc check_flags(const struct ctl_command *command, const struct conf *conf, struct err *err)
{
	struct str rest = str_of(command->flags);
	struct str flag;
	bool required;
	char name[64];

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct conf_option *o = &options[i];

		if (o->flag_only && conf_was_set(conf, o->name) && !takes_flag(command, o->name))
			return err_set(err, RC_INVALID, "%s does not take --%s", command->name, o->name);
	}
	while (next_flag(&rest, &flag, &required)) {
		snprintf(name, sizeof name, "%.*s", STR_ARG(flag));
		if (required && !conf_was_set(conf, name))
			return err_set(err, RC_INVALID, "%s needs --%s", command->name, name);
	}
	return RC_OK;
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

static int run_command(struct ctl *ctl, const struct ctl_command *command)
{
	struct err err = {0};

	if (command->database)
		ctl->db = pg_blocking_open(ctl->o.database_url, "syncctl", &err);
	if (command->database && !ctl->db)
		return complain(err.text, PROCESS_FAILED);
	enum rc rc = command->run(ctl, &err);
	pg_blocking_close(ctl->db);
	if (strcmp(err.sqlstate, "42P01") == 0)
		return complain("the database has no tables yet: run syncctl migrate up", PROCESS_FAILED);
	if (rc != RC_OK)
		return complain(err.text, PROCESS_FAILED);
	if (fflush(stdout) != 0)
		return complain("writing the output failed", PROCESS_FAILED);
	return ctl->attention ? PROCESS_FAILED : PROCESS_OK;
}

static int run(struct conf *conf, struct ctl *ctl, int argc, char **argv)
{
	struct err err = {0};
	enum conf_action action = conf_load(conf, argc, argv, &err);

	if (action == CONF_USAGE || action == CONF_BAD)
		return complain(err.text, conf_exit_code(action));
	if (action != CONF_RUN)
		return PROCESS_OK;
	const struct ctl_command *command = find_command(ctl, conf);
	if (!command)
		return complain("no such command, see syncctl --help", PROCESS_USAGE);
	if (check_flags(command, conf, &err) != RC_OK)
		return complain(err.text, PROCESS_USAGE);
	if (ctl->nargs != (*command->args ? 1 : 0)) {
		err_set(&err, RC_INVALID, "usage: syncctl %s %s", command->name, command->args);
		return complain(err.text, PROCESS_USAGE);
	}
	return run_command(ctl, command);
}

int main(int argc, char **argv)
{
	struct ctl ctl = {0};
	char *usage = usage_text();
	const struct conf_program program = {.name = "syncctl",
	    .usage = usage,
	    .options = options,
	    .noptions = ARRAY_SIZE(options),
	    .positional = "COMMAND"};
	struct conf *conf = conf_new(&program, &ctl.o);
	int code = run(conf, &ctl, argc, argv);

	conf_free(conf);
	free(usage);
	return code;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#define TEXT(text, member) .name = (text), CONF_STRING(struct ctl_options, member), .flag_only = true
#define SWITCH(text, member) .name = (text), CONF_BOOL(struct ctl_options, member), .flag_only = true
#define NUMBER(text, member) .name = (text), CONF_INT(struct ctl_options, member), .flag_only = true

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
    {.name = "providers.versions",
        CONF_STRING(struct ctl_options, versions),
        .fallback = "",
        .help = "provider.resource=version[,...], as the programs have it"},
    {.name = "crypto.keys",
        CONF_STRING(struct ctl_options, crypto_keys),
        .secret = true,
        .help = "id:base64 of 32 bytes[,...]; the first seals secrets, all open them"},
    {.name = "output",
        .letter = 'o',
        CONF_ENUM(struct ctl_options, output),
        .allowed = "table|json",
        .flag_only = true,
        .help = "a table, or one JSON object a line"},
    {SWITCH("no-headers", no_headers), .help = "no line of column names above a table"},
    {SWITCH("watch", watch), .help = "show it again every 2 s; without a terminal, when it has changed"},
    {SWITCH("wait", wait), .help = "watch the sync until it ends"},
    {NUMBER("timeout", timeout), .min = 0, .max = INT64_C(7) * 86400,
        .help = "seconds after which watching ends (0: never)"},
    {SWITCH("all", all), .help = "all that there are, when no filter is given"},
    {SWITCH("dry-run", dry_run), .help = "only say how many it would be"},
    {SWITCH("yes", yes), .letter = 'y', .help = "do not ask, however many they are"},
    {TEXT("migrations", migrations), .help = "folder; default ./schemas/migrations, else the installed one"},
    {TEXT("tenant", tenant), .help = "the tenant's name"},
    {TEXT("name", name), .help = "what the key is called"},
    {TEXT("rights", rights), .help = "some of read, sync, connect, admin, operate (read,sync)"},
    {TEXT("connection", connection), .help = "a connection's id"},
    {TEXT("resource", resource), .help = "a resource's name"},
    {TEXT("provider", provider), .help = "the provider's name"},
    {TEXT("state", state), .help = "only those in this state"},
    {.name = "mode",
        CONF_ENUM(struct ctl_options, mode),
        .fallback = "incremental",
        .allowed = "incremental|full",
        .flag_only = true,
        .help = "what changed, or everything"},
    {.name = "priority",
        CONF_ENUM(struct ctl_options, priority),
        .fallback = "interactive",
        .allowed = "interactive|backfill",
        .flag_only = true,
        .help = "a backfill stands behind what is interactive"},
    {TEXT("reason", reason), .help = "why, for those who wonder later"},
    {TEXT("class", error_class), .help = "an error's class, such as transient or permanent"},
    {TEXT("fingerprint", fingerprint), .help = "a group of dead letters"},
    {TEXT("external-id", external_id), .help = "the account's id at the provider"},
    {TEXT("settings", settings), .help = "a JSON object for the provider's declaration"},
    {TEXT("access-token-file", access_token_file), .help = "file with the access token, - for stdin"},
    {TEXT("refresh-token-file", refresh_token_file), .help = "file with the refresh token, - for stdin"},
    {TEXT("client-id", client_id), .help = "the OAuth client"},
    {TEXT("client-secret-file", client_secret_file), .help = "file with the client's secret, - for stdin"},
    {NUMBER("expires-in", expires_in), .min = 0, .max = INT64_C(10) * 366 * 86400,
        .help = "seconds until the access token or the key expires"},
    {TEXT("ids", ids), .help = "ids, with commas between"},
    {NUMBER("limit", limit), .fallback = "100", .min = 1, .max = 1000000, .help = "how many at most (100)"},
    {NUMBER("partitions", partitions), .fallback = "12", .min = 1, .max = 1000,
        .help = "partitions of each new topic (12)"},
    {NUMBER("replicas", replicas), .fallback = "-1", .min = -1, .max = 100,
        .help = "replicas of each new topic (-1: the broker's default)"},
};

const struct conf_program ctl_program = {
    .name = "syncctl", .options = options, .noptions = ARRAY_SIZE(options), .positional = "COMMAND"};

const struct conf_option *ctl_option(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (str_is(name, options[i].name))
			return &options[i];
	}
	return NULL;
}

bool ctl_next_flag(struct str *list, struct str *ret, bool *ret_required)
{
	if (!list->n)
		return false;
	*ret = str_cut(list, ' ');
	*ret_required = ret->n && ret->p[ret->n - 1] == '!';
	ret->n -= *ret_required;
	return true;
}

const char *ctl_flags(const struct ctl_command *command, size_t i)
{
	const char *lists[] = {
	    command->flags ? command->flags : "", command->more ? command->more : "", "output no-headers"};

	return i < ARRAY_SIZE(lists) ? lists[i] : NULL;
}

bool ctl_is_id(struct str arg)
{
	static const char *const ids[] = {"SYNC", "TASK", "CONNECTION", "WORKER", "KEY", "RECORD"};

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		if (str_is(arg, ids[i]))
			return true;
	}
	return false;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"
#include "output.h"

#include <errno.h>
#include <glob.h>

#include "io/kafka.h"

#define PATH_BYTES 1024
#define TOPICS_MAX 256

struct topics {
	const char *prefix;
	char *name[TOPICS_MAX];
	size_t n;
};

static void topics_done(struct topics *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->name[i]);
}

static void add_topic(struct topics *t, const char *name)
{
	if (t->n + 1 < TOPICS_MAX) {
		t->name[t->n++] = mem_printf("%s%s", t->prefix, name);
		t->name[t->n] = NULL;
	}
}

/* The tasks' topics of the provider that "<folder>/<name>.cfg" declares. */
static void add_provider(struct topics *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;
	int stem = (int)(strlen(file) - strlen(".cfg"));
	char name[300];

	snprintf(name, sizeof name, "sync.tasks.%.*s", stem, file);
	add_topic(t, name);
	snprintf(name, sizeof name, "sync.tasks.%.*s.dlq", stem, file);
	add_topic(t, name);
}

static enum rc add_providers(struct topics *t, const char *folder, struct err *err)
{
	char pattern[PATH_BYTES];
	glob_t found;

	snprintf(pattern, sizeof pattern, "%s/*.cfg", folder);
	if (glob(pattern, 0, NULL, &found) != 0)
		return err_set(
		    err, RC_INVALID, "%s: no declarations (*.cfg) there, set providers.dir", folder);
	if (found.gl_pathc * 2 + 4 >= TOPICS_MAX) {
		globfree(&found);
		return err_set(err, RC_LIMIT, "%s: too many declarations", folder);
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_provider(t, found.gl_pathv[i]);
	globfree(&found);
	return RC_OK;
}

static void print_topics(const struct ctl *ctl, const struct topics *t)
{
	static const char *const columns[] = {"topic"};
	struct str cells[TOPICS_MAX];

	for (size_t i = 0; i < t->n; i++)
		cells[i] = str_of(t->name[i]);
	ctl_print(ctl, columns, 1, cells, t->n);
}

enum rc ctl_topics_create(struct ctl *ctl, struct err *err)
{
	AUTO(topics_done) struct topics t = {.prefix = ctl->o.kafka_topic_prefix};
	AUTO(buf_done) struct buf folder = BUF(PATH_BYTES);
	const struct kafka_options kafka = {
	    .bootstrap = ctl->o.kafka_bootstrap,
	    .client_id = "syncctl",
	    .properties = ctl->o.kafka_properties,
	};

	add_topic(&t, "sync.requests");
	add_topic(&t, "sync.requests.dlq");
	add_topic(&t, "sync.results");
	add_topic(&t, "sync.connections");
	ctl_find_folder(ctl->o.providers_dir, "common/providers", "providers", &folder);
	if (add_providers(&t, buf_text(&folder), err) != RC_OK)
		return err->rc;
	enum rc rc = kafka_create_topics(
	    &kafka, (const char *const *)t.name, t.n, (int)ctl->o.partitions, (int)ctl->o.replicas, err);
	if (rc == RC_OK)
		print_topics(ctl, &t);
	return rc;
}

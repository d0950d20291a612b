// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "ctl.h"

#include "base/clock.h"
#include "output.h"
#include "terminal.h"

#define WATCH_MS 2000
#define CLEAR "\x1b[H\x1b[2J"

static enum rc get_once(struct ctl *ctl, struct err *err)
{
	AUTO(pg_blocking_free_ptr) struct pg_result *r = NULL;
	enum rc rc = ctl_query(ctl, &r, err);

	if (rc == RC_OK)
		ctl_print_result(ctl, r);
	return rc;
}

/* Into a text that the caller frees. */
static enum rc get_text(struct ctl *ctl, char **ret, struct err *err)
{
	size_t n;
	FILE *out = open_memstream(ret, &n);

	if (!out)
		return err_set(err, RC_LIMIT, "no memory left for the table");
	ctl->out = out;
	enum rc rc = get_once(ctl, err);
	ctl->out = stdout;
	if (fclose(out) != 0 && rc == RC_OK)
		rc = err_set(err, RC_LIMIT, "no memory left for the table");
	return rc;
}

/* What fits: a screen that scrolls cannot be drawn over. */
static void draw(const struct terminal *t, const char *text)
{
	struct str rest = str_of(text);

	fputs(CLEAR, stdout);
	for (int i = 0; i + 1 < t->height && rest.n; i++) {
		struct str line = str_cut(&rest, '\n');

		printf("%.*s\n", MIN((int)line.n, t->width), line.p);
	}
	fputs(rest.n ? "..." : "", stdout);
}

static void show(struct ctl *ctl, const char *text, const char *before)
{
	struct terminal t = terminal_look();

	if (t.redraws && ctl->o.output == CTL_TABLE)
		draw(&t, text);
	else if (!before || strcmp(text, before) != 0)
		fputs(text, stdout);
	fflush(stdout);
}

static enum rc get_again(struct ctl *ctl, struct err *err)
{
	int64_t end = ctl->o.timeout ? clock_mono_ms() + ctl->o.timeout * 1000 : INT64_MAX;
	char *before = NULL;
	enum rc rc;

	for (;;) {
		char *text = NULL;

		rc = get_text(ctl, &text, err);
		if (rc == RC_OK)
			show(ctl, text, before);
		free(before);
		before = text;
		int64_t rest_ms = end - clock_mono_ms();
		if (rc != RC_OK || rest_ms <= 0 || ferror(stdout))
			break;
		terminal_rest(MIN(rest_ms, WATCH_MS));
	}
	free(before);
	return rc;
}

enum rc ctl_get(struct ctl *ctl, struct err *err)
{
	return ctl->o.watch ? get_again(ctl, err) : get_once(ctl, err);
}

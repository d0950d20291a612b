// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "bars.h"

#include "base/clock.h"
#include "output.h"

#define BAR 24
#define LINE_MAX_BYTES 1024
#define SAID_MAX (16u << 20)
#define BOLD "\x1b[1m"
#define RED "\x1b[31m"
#define GREEN "\x1b[32m"
#define YELLOW "\x1b[33m"
#define PLAIN "\x1b[0m"

struct bars bars_new(const struct ctl *ctl)
{
	return (struct bars){.ctl = ctl, .terminal = terminal_look(), .said = BUF(SAID_MAX)};
}

void bars_done(struct bars *b)
{
	buf_done(&b->said);
}

/* ---- what a task says ---- */

static const char *text_of(json_object *object, const char *name)
{
	const char *text = json_object_get_string(json_object_object_get(object, name));

	return text ? text : "";
}

static int64_t records_of(json_object *object)
{
	int64_t n = 0;

	json_object_object_foreach(json_object_object_get(object, "records"), name, count)
	{
		(void)name;
		n += json_object_get_int64(count);
	}
	return n;
}

/* -1: nobody knows how many there are. */
static int percent_of(json_object *task)
{
	int64_t expected = json_object_get_int64(json_object_object_get(task, "expected_records"));

	if (strcmp(text_of(task, "state"), "completed") == 0)
		return 100;
	return expected > 0 ? (int)MIN(99, records_of(task) * 100 / expected) : -1;
}

/* The time to the estimate, without "in": "12s left". */
static void add_left(const struct bars *b, json_object *task, struct buf *out)
{
	int64_t us;
	struct buf distance = BUF(64);

	if (!clock_parse(str_of(text_of(task, "estimated_completion_at")), false, &us))
		return;
	ctl_add_distance(b->ctl, us, &distance);
	if (strncmp(buf_text(&distance), "in ", 3) == 0)
		buf_printf(out, "  %s left", buf_text(&distance) + 3);
	buf_done(&distance);
}

static void add_wait(const struct bars *b, json_object *task, struct buf *out)
{
	json_object *error = json_object_object_get(task, "error");
	const char *wait = text_of(task, "waits_for");
	int64_t us;

	if (*wait) {
		buf_add_text(out, "  waits for ");
		ctl_add_shown(str_of(wait), out);
		if (clock_parse(str_of(text_of(task, "waits_until")), false, &us)) {
			buf_add_text(out, ", goes on ");
			ctl_add_distance(b->ctl, us, out);
		}
	} else if (error) {
		buf_printf(out, "  %s: ", text_of(error, "class"));
		ctl_add_shown(str_of(text_of(error, "message")), out);
	}
}

static void add_bar(int percent, struct buf *out)
{
	int filled = percent < 0 ? 0 : percent * BAR / 100;

	buf_add_char(out, '[');
	for (int i = 0; i < BAR; i++)
		buf_add_text(out, percent < 0 ? "." : i < filled ? "#" : "-");
	buf_add_char(out, ']');
}

static void add_figures(const struct bars *b, json_object *task, struct buf *out)
{
	int percent = percent_of(task);
	int64_t expected = json_object_get_int64(json_object_object_get(task, "expected_records"));
	double rate = json_object_get_double(json_object_object_get(task, "rate_per_s"));
	const char *state = text_of(task, "state");

	if (percent >= 0)
		buf_printf(out, " %3d%%  %" PRId64, percent, records_of(task));
	else
		buf_printf(out, "       %" PRId64, records_of(task));
	if (expected > 0 && percent < 100)
		buf_printf(out, " of %" PRId64, expected);
	buf_printf(out, "  %s", state);
	if (rate > 0)
		buf_printf(out, "  %.0f/s", rate);
	add_left(b, task, out);
	add_wait(b, task, out);
}

/* ---- on a terminal ---- */

static const char *colour_of(const struct bars *b, json_object *task)
{
	const char *state = text_of(task, "state");

	if (!b->terminal.colours)
		return "";
	return strcmp(state, "completed") == 0 ? GREEN
	       : strcmp(state, "failed") == 0  ? RED
	       : *text_of(task, "waits_for")   ? YELLOW
	                                       : "";
}

/* Cut to the terminal's width: what is broken over two lines cannot be drawn over. */
static void draw_line(struct bars *b, const struct buf *line, const char *colour)
{
	int width = MAX(b->terminal.width - 1, 1);

	printf("%s%.*s%s\n", colour, MIN((int)line->n, width), buf_text(line), *colour ? PLAIN : "");
	b->drawn++;
}

static void draw_title(struct bars *b, json_object *sync)
{
	AUTO(buf_done) struct buf line = BUF(LINE_MAX_BYTES);

	buf_printf(&line, "sync %s  %s %s  %s  %" PRId64 " records", text_of(sync, "sync_id"),
	    text_of(sync, "provider"), text_of(sync, "mode"), text_of(sync, "state"), records_of(sync));
	add_left(b, sync, &line);
	draw_line(b, &line, b->terminal.colours ? BOLD : "");
}

static void draw(struct bars *b, json_object *sync)
{
	json_object *tasks = json_object_object_get(sync, "tasks");
	size_t n = json_object_array_length(tasks);

	if (b->drawn)
		printf("\x1b[%dA\r\x1b[J", b->drawn);
	b->drawn = 0;
	draw_title(b, sync);
	for (size_t i = 0; i < n && b->drawn + 2 < b->terminal.height; i++) {
		AUTO(buf_done) struct buf line = BUF(LINE_MAX_BYTES);
		json_object *task = json_object_array_get_idx(tasks, i);

		buf_printf(&line, "%-20.60s ", text_of(task, "resource"));
		add_bar(percent_of(task), &line);
		add_figures(b, task, &line);
		draw_line(b, &line, colour_of(b, task));
	}
}

/* ---- elsewhere ---- */

/* What makes a new line worth while. */
static void add_gist(json_object *task, struct buf *out)
{
	int percent = percent_of(task);

	buf_printf(out, "%s|%s|%d", text_of(task, "state"), text_of(task, "waits_for"),
	    percent < 0 ? percent : percent / 10);
}

static void say_task(struct bars *b, json_object *task)
{
	AUTO(buf_done) struct buf line = BUF(LINE_MAX_BYTES);
	char now[CLOCK_TEXT_LEN + 1];

	clock_format(clock_unix_us() + b->ctl->ahead_us, now);
	buf_printf(&line, "%.19sZ  %s", now, text_of(task, "resource"));
	add_figures(b, task, &line);
	puts(buf_text(&line));
}

static void say(struct bars *b, json_object *sync)
{
	json_object *tasks = json_object_object_get(sync, "tasks");
	struct buf gists = BUF(SAID_MAX);
	size_t at = 0;

	for (size_t i = 0; i < json_object_array_length(tasks); i++) {
		json_object *task = json_object_array_get_idx(tasks, i);
		size_t from = gists.n;

		add_gist(task, &gists);
		buf_add_char(&gists, '\n');
		struct str gist = {gists.p + from, gists.n - from};
		struct str rest = {b->said.p + at, b->said.n - at};
		struct str before = at < b->said.n ? str_cut(&rest, '\n') : (struct str){"", 0};

		at += before.n + (at < b->said.n);
		if (before.n + 1 != gist.n || memcmp(before.p, gist.p, before.n) != 0)
			say_task(b, task);
	}
	buf_done(&b->said);
	b->said = gists;
}

void bars_show(struct bars *b, json_object *sync)
{
	b->terminal = terminal_look();
	if (b->terminal.redraws)
		draw(b, sync);
	else
		say(b, sync);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "google.h"
#include "simulator.h"
#include "template.h"

#define CALENDARS 2 /* of an account whose calendars nobody counted */
#define FIRST_ID 1000000
#define STEP 10 /* between the numbers of old records */

struct google_mark {
	struct resource *of;
	uint32_t (*state)(const struct account *account, const struct resource *r, uint32_t i);
};

static const struct google_nudge *nudge_find(const struct google_nudge *list, uint32_t i)
{
	while (list && list->i != i)
		list = list->next;
	return list;
}

static struct google_nudge *nudge_get(struct google_nudge **list, uint32_t i)
{
	struct google_nudge *found = (struct google_nudge *)nudge_find(*list, i);

	if (found)
		return found;
	found = mem_zalloc(sizeof *found);
	*found = (struct google_nudge){.i = i, .next = *list};
	*list = found;
	return found;
}

/* ---- states ---- */

static uint32_t message_state(const struct account *a, const struct resource *r, uint32_t i)
{
	const struct google_nudge *nudge = nudge_find(a->google->labels, i);
	uint32_t labels = google_labels(a, i, record_times(a, r, i).revision);

	if (nudge)
		labels = (labels | nudge->set) & ~nudge->clear;
	return GOOGLE_HERE | labels;
}

static uint32_t event_state(const struct account *a, const struct resource *r, uint32_t i)
{
	const struct google_nudge *nudge = nudge_find(a->google->touched, i);

	return GOOGLE_HERE | (record_times(a, r, i).revision + (nudge ? nudge->set : 0));
}

static uint32_t calendar_state(const struct account *a, const struct resource *r, uint32_t i)
{
	return GOOGLE_HERE | record_times(a, r, i).revision;
}

/* ---- changes ---- */

static void change_add(struct google_track *t, uint32_t i, uint32_t after)
{
	if (t->log_n == t->log_cap) {
		t->log_cap = t->log_cap ? 2 * t->log_cap : 64;
		t->log = mem_realloc(t->log, t->log_cap * sizeof *t->log);
	}
	t->id += 1 + mix(t->id) % 9; /* they rise, and leave numbers out */
	t->log[t->log_n++] = (struct google_change){t->id, i, t->state[i], after};
	t->state[i] = after;
	t->last[i] = t->id;
}

static void track_grow(struct google_track *t, size_t n)
{
	if (n <= t->n)
		return;
	t->state = mem_realloc(t->state, n * sizeof *t->state);
	t->last = mem_realloc(t->last, n * sizeof *t->last);
	memset(t->state + t->n, 0, (n - t->n) * sizeof *t->state);
	memset(t->last + t->n, 0, (n - t->n) * sizeof *t->last);
	t->n = n;
}

static uint32_t mark_state(const struct account *a, const struct google_mark *mark, uint32_t i)
{
	if (i >= mark->of->records || resource_lacks(mark->of, i))
		return 0;
	return mark->state(a, mark->of, i);
}

/* The first look finds what was always there, and no change. */
static void track_begin(const struct account *a, struct google_track *t, const struct google_mark *mark)
{
	for (uint32_t i = 0; i < t->n; i++) {
		t->state[i] = mark_state(a, mark, i);
		t->last[i] = FIRST_ID + (uint64_t)i * STEP;
	}
	t->id = t->oldest = FIRST_ID + t->n * STEP;
	t->begun = true;
}

static void track_compare(const struct account *a, struct google_track *t, const struct google_mark *mark)
{
	track_grow(t, mark->of->records);
	if (!t->begun)
		track_begin(a, t, mark);
	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t now = mark_state(a, mark, i);

		if (now != t->state[i])
			change_add(t, i, now);
	}
}

size_t google_log_after(const struct google_track *t, uint64_t id)
{
	size_t low = 0;
	size_t high = t->log_n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (t->log[middle].id <= id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* New events go to the calendars there are by then; a series stays together. */
static void homes_grow(struct google *g, const struct resource *calendars, size_t n)
{
	uint64_t count = MAX(calendars->records, 1);

	if (n <= g->home_n)
		return;
	g->home = mem_realloc(g->home, n * sizeof *g->home);
	for (size_t i = g->home_n; i < n; i++)
		g->home[i] = (uint32_t)((google_event_in_series((uint32_t)i) ? i / GOOGLE_EVENT_KINDS : i) %
		                        count);
	g->home_n = n;
}

struct google *google_of(struct simulator *sim, struct account *a)
{
	struct resource *messages = resource_get(&sim->accounts, a, STR("messages"));
	struct resource *calendars = resource_get(&sim->accounts, a, STR("calendars"));
	struct resource *events = resource_get(&sim->accounts, a, STR("events"));
	struct google *g = a->google;

	if (!g) {
		g = a->google = mem_zalloc(sizeof *g);
		str_copy(g->scope, sizeof g->scope, GOOGLE_SCOPES);
	}
	if (g->generation == a->generation)
		return g;
	if (!calendars->sized)
		calendars->records = CALENDARS;
	homes_grow(g, calendars, events->records);
	track_compare(a, &g->messages, &(struct google_mark){messages, message_state});
	track_compare(a, &g->calendars, &(struct google_mark){calendars, calendar_state});
	track_compare(a, &g->events, &(struct google_mark){events, event_state});
	g->generation = a->generation;
	return g;
}

static void track_free(struct google_track *t)
{
	free(t->state);
	free(t->last);
	free(t->log);
}

static void nudges_free(struct google_nudge *list)
{
	while (list) {
		struct google_nudge *next = list->next;

		free(list);
		list = next;
	}
}

void google_free(struct google *g)
{
	if (!g)
		return;
	track_free(&g->messages);
	track_free(&g->calendars);
	track_free(&g->events);
	nudges_free(g->labels);
	nudges_free(g->touched);
	free(g->home);
	free(g);
}

/* ---- control ---- */

static enum rc names_read(struct json_object *names, uint32_t *ret, struct err *err)
{
	*ret = 0;
	for (size_t k = 0; names && k < json_object_array_length(names); k++) {
		const char *name = json_object_get_string(json_object_array_get_idx(names, k));
		uint32_t bit = google_label_bit(str_of(name));

		if (!bit)
			return err_set(err, RC_INVALID, "google.labels: no label %s", name);
		*ret |= bit;
	}
	return RC_OK;
}

/* [{"message": 3, "add": ["STARRED"], "remove": ["UNREAD"]}] */
static enum rc labels_set(struct account *a, struct json_object *list, struct err *err)
{
	for (size_t k = 0; k < json_object_array_length(list); k++) {
		struct json_object *one = json_object_array_get_idx(list, k);
		struct google_nudge *nudge;
		uint32_t set, clear;

		if (names_read(json_object_object_get(one, "add"), &set, err) != RC_OK ||
		    names_read(json_object_object_get(one, "remove"), &clear, err) != RC_OK)
			return err->rc;
		nudge = nudge_get(&a->google->labels,
		    (uint32_t)json_object_get_int64(json_object_object_get(one, "message")));
		nudge->set = (nudge->set | set) & ~clear;
		nudge->clear = (nudge->clear | clear) & ~set;
	}
	a->generation++;
	return RC_OK;
}

static void events_touch(struct account *a, struct json_object *list)
{
	for (size_t k = 0; k < json_object_array_length(list); k++)
		nudge_get(
		    &a->google->touched, (uint32_t)json_object_get_int64(json_object_array_get_idx(list, k)))
		    ->set++;
	a->generation++;
}

static void track_forget(struct google_track *t)
{
	t->oldest = ++t->id;
}

static enum rc list_set(struct account *a, const char *key, struct json_object *value, struct err *err)
{
	if (!json_object_is_type(value, json_type_array))
		return err_set(err, RC_INVALID, "google.%s: an array", key);
	if (strcmp(key, "labels") == 0)
		return labels_set(a, value, err);
	events_touch(a, value);
	return RC_OK;
}

static enum rc one_set(struct account *a, const char *key, struct json_object *value, struct err *err)
{
	struct google *g = a->google;
	bool yes = json_object_get_boolean(value);

	if (strcmp(key, "labels") == 0 || strcmp(key, "touched") == 0)
		return list_set(a, key, value, err);
	if (strcmp(key, "expire_history") == 0 && yes) {
		track_forget(&g->messages);
	} else if (strcmp(key, "expire_sync_tokens") == 0 && yes) {
		track_forget(&g->calendars);
		track_forget(&g->events);
	} else if (strcmp(key, "revoked") == 0) {
		g->revoked = yes;
	} else if (strcmp(key, "denies") == 0) {
		g->denies = yes;
	} else if (strcmp(key, "scope") == 0) {
		str_copy(g->scope, sizeof g->scope, json_object_get_string(value));
	} else {
		return err_set(err, RC_INVALID,
		    "google.%s: unknown; there are labels, touched, expire_history, expire_sync_tokens, "
		    "revoked, "
		    "denies, scope",
		    key);
	}
	return RC_OK;
}

enum rc google_set(struct simulator *sim, struct account *a, struct json_object *json, struct err *err)
{
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, RC_INVALID, "google: an object of settings");
	google_of(sim, a);
	json_object_object_foreach(json, key, value)
	{
		if (one_set(a, key, value, err) != RC_OK)
			return err->rc;
	}
	google_of(sim, a);
	return RC_OK;
}

void google_write_state(const struct account *a, struct buf *ret)
{
	const struct google *g = a->google;

	if (!g) {
		buf_add_text(ret, "null");
		return;
	}
	buf_printf(ret,
	    "{\"history_id\":%" PRIu64 ",\"history_oldest\":%" PRIu64 ",\"changes\":{\"messages\":%zu"
	    ",\"calendars\":%zu,\"events\":%zu},\"revoked\":%s}",
	    g->messages.id, g->messages.oldest, g->messages.log_n, g->calendars.log_n, g->events.log_n,
	    g->revoked ? "true" : "false");
}

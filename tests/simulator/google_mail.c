// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "google.h"
#include "token.h"

#define PAGE_SIZE 100
#define PAGE_MAX 500
#define PAGE_TOKEN_TEXT 64
#define BAD_CURSOR GOOGLE_ERROR("400", "INVALID_ARGUMENT", "global", "invalidArgument", "Invalid pageToken")

/* "me", or the owner's own address. */
static bool mailbox_admit(struct simulator *sim, struct exchange *ex, const char *call)
{
	char own[ACCOUNT_NAME_MAX + 16], user[PARAM_MAX];

	if (!google_admit(sim, ex, "messages", call))
		return false;
	google_address(ex->account, own);
	if (google_path_decode(ex->args[0], user) && (strcmp(user, "me") == 0 || strcmp(user, own) == 0))
		return true;
	google_fail(sim, ex, 403, "forbidden", "Delegation denied");
	return false;
}

/* ---- messages.list ---- */

static uint32_t labels_wanted(const struct exchange *ex)
{
	struct str rest = ex->req.query;
	char name[PARAM_MAX];
	uint32_t labels = 0;

	while (rest.n) {
		if (!request_param(str_cut(&rest, '&'), "labelIds", name))
			continue;
		uint32_t bit = google_label_bit(str_of(name));
		labels |= bit ? bit : GOOGLE_HERE; /* nothing has a label that there is not */
	}
	return labels;
}

static void collect(struct simulator *sim, const struct exchange *ex, struct google_list *ret)
{
	const struct google_track *t = &ex->account->google->messages;
	uint32_t wanted = labels_wanted(ex);
	uint32_t hidden = google_label_bit(STR("SPAM")) | google_label_bit(STR("TRASH"));

	(void)sim;
	if (google_flag(ex, "includeSpamTrash"))
		hidden = 0;
	ret->falling = true; /* the newest first */
	for (uint32_t i = (uint32_t)t->n; i-- > 0;) {
		uint32_t labels = t->state[i] & ~GOOGLE_HERE;

		if (t->state[i] && !(labels & hidden & ~wanted) && (labels & wanted) == wanted)
			google_list_add(ret, i);
	}
}

static void ref_write(struct exchange *ex, uint32_t i, struct buf *ret)
{
	buf_add_char(ret, '{');
	google_message_refs(ex->account, i, ret);
	buf_add_char(ret, '}');
}

static void list_page(struct simulator *sim, struct exchange *ex)
{
	AUTO(buf_done) struct buf next = BUF(PAGE_TOKEN_TEXT);
	size_t at;
	size_t n;

	buf_add_text(&sim->body, "{\"messages\":[");
	at = sim->body.n;
	n = google_list_page(sim, ex, collect, ref_write, &next);
	if (at == sim->body.n) { /* an empty list has no key */
		buf_clear(&sim->body);
		buf_add_char(&sim->body, '{');
	} else {
		buf_add_text(&sim->body, "],");
	}
	if (next.n)
		buf_printf(&sim->body, "\"nextPageToken\":\"%s\",", buf_text(&next));
	buf_printf(&sim->body, "\"resultSizeEstimate\":%zu}", next.n ? n + 1 : n);
}

static void message_record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	google_message_write(account, resource, (uint32_t)i, GOOGLE_FULL, ret);
}

static void message_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	char id[GOOGLE_ID_MAX];

	(void)resource;
	google_message_id(account, (uint32_t)i, id);
	buf_add_text(ret, id);
}

const struct api GOOGLE_MESSAGES = {GOOGLE_MAIL_CALL, .cursor_status = 400, .cursor_body = BAD_CURSOR,
    .page = list_page, .record = message_record, .id = message_id};

void google_messages_begin(struct simulator *sim, struct exchange *ex)
{
	char query[PARAM_MAX];

	ex->api = &GOOGLE_MESSAGES;
	if (!mailbox_admit(sim, ex, "list"))
		return;
	if (request_param(ex->req.query, "q", query) && query[0])
		google_fail(sim, ex, 400, "invalidArgument", "q: not simulated");
	else
		google_list_begin(sim, ex, collect, PAGE_SIZE, PAGE_MAX);
}

/* ---- messages.get ---- */

static bool index_of(const struct account *a, struct str id, uint32_t *ret)
{
	const struct google_track *t = &a->google->messages;
	char own[GOOGLE_ID_MAX];
	uint32_t i = 0;

	if (id.n != 16)
		return false;
	for (size_t k = 2; k < 9; k++)
		i = i << 4 | (uint32_t)MAX(hex_digit(id.p[k]), 0);
	google_message_id(a, i, own);
	*ret = i;
	return i < t->n && t->state[i] && str_is(id, own);
}

static void get_page(struct simulator *sim, struct exchange *ex)
{
	static const char *const formats[] = {"full", "metadata", "minimal", "raw"};
	char format[PARAM_MAX] = "full";
	size_t f = 0;
	uint32_t i;

	google_of(sim, ex->account);
	request_param(ex->req.query, "format", format);
	while (f < ARRAY_SIZE(formats) && strcmp(formats[f], format) != 0)
		f++;
	if (f == ARRAY_SIZE(formats))
		google_fail(sim, ex, 400, "invalidArgument", "Invalid value at 'format'");
	else if (!index_of(ex->account, ex->args[1], &i))
		answer_text(sim, ex, 404, GOOGLE_NOT_FOUND);
	else
		google_message_write(ex->account, ex->resource, i, (enum google_format)f, &sim->body);
}

void google_message_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api one = {GOOGLE_MAIL_CALL, .cursor_status = 404,
	    .cursor_body = GOOGLE_NOT_FOUND, .page = get_page, .record = message_record, .id = message_id};

	ex->api = &one;
	mailbox_admit(sim, ex, "get");
}

/* ---- users.getProfile ---- */

static void profile_page(struct simulator *sim, struct exchange *ex)
{
	const struct google *g = google_of(sim, ex->account);
	char own[ACCOUNT_NAME_MAX + 16];
	size_t n = 0;

	for (size_t i = 0; i < g->messages.n; i++)
		n += g->messages.state[i] != 0;
	google_address(ex->account, own);
	buf_printf(&sim->body,
	    "{\"emailAddress\":\"%s\",\"messagesTotal\":%zu,\"threadsTotal\":%zu,\"historyId\":\"%" PRIu64
	    "\"}",
	    own, n, (n + 2) / 3, g->messages.id);
}

void google_profile_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api profile = {
	    GOOGLE_MAIL_CALL, .page = profile_page, .record = message_record, .id = message_id};

	ex->api = &profile;
	mailbox_admit(sim, ex, "profile");
}

/* ---- users.history.list ---- */

/* Which labels a change put on or took off. */
static uint32_t gained(const struct google_change *c)
{
	return c->before && c->after ? c->after & ~c->before : 0;
}

static uint32_t lost(const struct google_change *c)
{
	return c->before && c->after ? c->before & ~c->after : 0;
}

static bool wants(const struct exchange *ex, const char *type)
{
	char any[PARAM_MAX];

	return !request_param(ex->req.query, "historyTypes", any) || google_has(ex, "historyTypes", type);
}

static bool is_shown(const struct exchange *ex, const struct google_change *c)
{
	char label[PARAM_MAX];

	if (request_param(ex->req.query, "labelId", label) &&
	    !((c->before | c->after) & google_label_bit(str_of(label))))
		return false;
	return (!c->before && wants(ex, "messageAdded")) || (!c->after && wants(ex, "messageDeleted")) ||
	       (gained(c) && wants(ex, "labelAdded")) || (lost(c) && wants(ex, "labelRemoved"));
}

/* Places in the log, those of other types as well: a page may have no `history` and lead on nevertheless. */
static void history_collect(struct simulator *sim, const struct exchange *ex, struct google_list *ret)
{
	const struct google_track *t = &ex->account->google->messages;

	(void)sim;
	for (size_t k = google_log_after(t, ex->window.since);
	     k < t->log_n && t->log[k].id <= ex->window.until; k++)
		google_list_add(ret, (uint32_t)k);
}

static void entry_open(struct exchange *ex, const struct google_change *c, const char *key, struct buf *ret)
{
	buf_printf(ret, ",\"%s\":[{\"message\":{", key);
	google_message_refs(ex->account, c->i, ret);
	buf_add_text(ret, ",\"labelIds\":");
	google_labels_write((c->after ? c->after : c->before) & ~GOOGLE_HERE, ret);
	buf_add_char(ret, '}');
}

static void entry_labels(
    struct exchange *ex, const struct google_change *c, const char *key, uint32_t labels, struct buf *ret)
{
	entry_open(ex, c, key, ret);
	buf_add_text(ret, ",\"labelIds\":");
	google_labels_write(labels, ret);
	buf_add_text(ret, "}]");
}

static void history_write(struct exchange *ex, uint32_t at, struct buf *ret)
{
	const struct google_change *c = &ex->account->google->messages.log[at];

	if (ret->p[ret->n - 1] == ',') /* it belongs to those that are shown */
		ret->n--;
	if (!is_shown(ex, c))
		return;
	if (ret->p[ret->n - 1] == '}')
		buf_add_char(ret, ',');
	buf_printf(ret, "{\"id\":\"%" PRIu64 "\",\"messages\":[{", c->id);
	google_message_refs(ex->account, c->i, ret);
	buf_add_text(ret, "}]");
	if (!c->before || !c->after) {
		entry_open(ex, c, c->before ? "messagesDeleted" : "messagesAdded", ret);
		buf_add_text(ret, "}]");
	}
	if (gained(c) && wants(ex, "labelAdded"))
		entry_labels(ex, c, "labelsAdded", gained(c), ret);
	if (lost(c) && wants(ex, "labelRemoved"))
		entry_labels(ex, c, "labelsRemoved", lost(c), ret);
	buf_add_char(ret, '}');
}

static void history_page(struct simulator *sim, struct exchange *ex)
{
	AUTO(buf_done) struct buf next = BUF(PAGE_TOKEN_TEXT);
	size_t at;

	buf_add_text(&sim->body, "{\"history\":[");
	at = sim->body.n;
	google_list_page(sim, ex, history_collect, history_write, &next);
	if (at == sim->body.n) {
		buf_clear(&sim->body);
		buf_add_char(&sim->body, '{');
	} else {
		buf_add_text(&sim->body, "],");
	}
	if (next.n)
		buf_printf(&sim->body, "\"nextPageToken\":\"%s\",", buf_text(&next));
	buf_printf(&sim->body, "\"historyId\":\"%" PRIu64 "\"}", ex->window.until);
}

void google_history_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api history = {GOOGLE_MAIL_CALL, .cursor_status = 404,
	    .cursor_body = GOOGLE_NOT_FOUND, .page = history_page, .record = message_record,
	    .id = message_id};
	int64_t since = -1;

	ex->api = &history;
	if (!mailbox_admit(sim, ex, "history"))
		return;
	const struct google_track *t = &ex->account->google->messages;
	if (!request_number(ex->req.query, "startHistoryId", 0, INT64_MAX, &since) || since < 0) {
		google_fail(sim, ex, 400, "invalidArgument", "Invalid startHistoryId");
		return;
	}
	if ((uint64_t)since < t->oldest || (uint64_t)since > t->id) {
		answer_text(sim, ex, 404, GOOGLE_NOT_FOUND);
		return;
	}
	ex->window.since = (uint64_t)since;
	ex->window.until = t->id;
	google_list_begin(sim, ex, history_collect, PAGE_SIZE, PAGE_MAX);
}

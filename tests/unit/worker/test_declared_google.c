// SPDX-License-Identifier: Apache-2.0
/* Google's resources as they are shipped: lists of ids and batches, a history, sync tokens by calendar. */
#include "base/base.h"
#include "walk_rig.h"

#define MAIL "https://gmail.googleapis.com/gmail/v1/users/me/"
#define LIST MAIL "messages?maxResults=500&includeSpamTrash=true"
#define BATCH "https://gmail.googleapis.com/batch/gmail/v1"
#define EVENTS                                                                                               \
	"https://www.googleapis.com/calendar/v3/calendars/a%40b.c/events?maxResults=500&singleEvents=true&"  \
	"showDeleted=true"

static void begin(struct rig *rig, const char *resource, bool incremental, const char *token)
{
	rig_init(rig, declarations_resource("google", resource));
	rig->walk.incremental = incremental;
	rig->walk.bearings = (struct bearings){
	    .known = true, .token = str_of(token), .seen = token[0], .before = token[0], .now_us = NOW_US};
	rig->walk.bearings.token = str_of(token);
}

/* An answer to a batch: "0:200:{...}" parts, split by line breaks. */
static const struct page *answer_parts(struct rig *rig, const char *parts)
{
	static const struct http_header type = {STR("Content-Type"), STR("multipart/mixed; boundary=b_9")};
	AUTO(buf_done) struct buf body = BUF(1 << 20);
	for (struct str rest = str_of(parts); rest.n;) {
		struct str part = str_cut(&rest, '\n');
		struct str number = str_cut(&part, ':');
		struct str status = str_cut(&part, ':');
		buf_printf(&body,
		    "--b_9\r\nContent-Type: application/http\r\nContent-ID: <response-item-%.*s>\r\n\r\n"
		    "HTTP/1.1 %.*s X\r\nContent-Type: application/json\r\n\r\n%.*s\r\n",
		    STR_ARG(number), STR_ARG(status), STR_ARG(part));
	}
	buf_add_text(&body, "--b_9--");
	return answer_with(rig, 200, &type, buf_text(&body));
}

static void assert_ids(struct rig *rig, const char *expected)
{
	assert_string_equal(buf_text(&rig->ids), expected);
	buf_clear(&rig->ids);
}

static void assert_body_has(const struct rig *rig, const char *text)
{
	struct str body = rig->request.body;
	if (!memmem(body.p, body.n, text, strlen(text)))
		fail_msg("%.*s lacks %s", STR_ARG(body), text);
}

static size_t parts_of(struct rig *rig)
{
	size_t n = 0;
	ask(rig);
	struct str rest = rig->request.body;
	while (rest.n) {
		struct str line = str_cut(&rest, '\n');
		n += str_starts(line, STR("GET "));
	}
	return n;
}

/* Goes to where a walk of everything asks for its list. */
static void list_is_next(struct rig *rig)
{
	assert_string_equal(ask(rig), MAIL "profile");
	assert_int_equal(
	    answer(rig, "{\"emailAddress\":\"x\",\"historyId\":\"77\"}")->verdict.class, VERDICT_OK);
	assert_true(rig->page.begins);
	assert_string_equal(ask(rig), LIST);
}

static void a_walk_of_everything(void **state)
{
	(void)state;
	struct rig rig;
	begin(&rig, "messages", false, "");
	list_is_next(&rig);
	assert_int_equal(provider_cost(&rig.walk), 5);
	answer(&rig,
	    "{\"messages\":[{\"id\":\"a\",\"threadId\":\"t\"},{\"id\":\"b/1\"}],\"nextPageToken\":\"p2\"}");
	assert_int_equal(rig.page.verdict.class, VERDICT_OK);
	assert_int_equal(rig.page.records, 0);
	assert_false(rig.page.begins);
	assert_int_equal(provider_cost(&rig.walk), 40);
	assert_string_equal(ask(&rig), BATCH);
	assert_string_equal(rig.request.method, "POST");
	assert_true(has_header(&rig, "Content-Type: multipart/mixed; boundary=sync-fleet-batch"));
	assert_true(has_header(&rig, "Authorization: Bearer tok"));
	assert_string_equal(rig.request.body.p,
	    "--sync-fleet-batch\r\nContent-Type: application/http\r\nContent-ID: <item-0>\r\n\r\n"
	    "GET /gmail/v1/users/me/messages/a?format=full HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n"
	    "--sync-fleet-batch\r\nContent-Type: application/http\r\nContent-ID: <item-1>\r\n\r\n"
	    "GET /gmail/v1/users/me/messages/b%2F1?format=full HTTP/1.1\r\nAccept: "
	    "application/json\r\n\r\n\r\n"
	    "--sync-fleet-batch--\r\n");
	/* In another order than they were asked for. */
	answer_parts(&rig, "1:200:{\"id\":\"b/1\"}\n0:200:{\"id\":\"a\"}");
	assert_int_equal(rig.page.verdict.class, VERDICT_OK);
	assert_int_equal(rig.page.held.class, VERDICT_OK);
	assert_int_equal(rig.page.records, 2);
	assert_false(rig.page.last);
	assert_ids(&rig, "b/1 a ");
	assert_string_equal(ask(&rig), LIST "&pageToken=p2");
	answer(&rig, "{\"messages\":[{\"id\":\"c\"}],\"resultSizeEstimate\":3}");
	assert_false(rig.page.last);
	assert_string_equal(ask(&rig), BATCH);
	answer_parts(&rig, "0:200:{\"id\":\"c\"}");
	assert_true(rig.page.last);
	assert_true(rig.page.whole);
	assert_true(rig.page.parent_done);
	assert_string_equal(buf_text(&rig.page.token), "77");
	rig_done(&rig);
}

static void an_empty_mailbox(void **state)
{
	(void)state;
	struct rig rig;
	begin(&rig, "messages", false, "");
	list_is_next(&rig);
	assert_true(answer(&rig, "{\"resultSizeEstimate\":0}")->last);
	assert_string_equal(buf_text(&rig.page.token), "77");
	rig_done(&rig);
}

static void a_profile_without_a_number_ends_the_walk(void **state)
{
	(void)state;
	struct rig rig;
	begin(&rig, "messages", false, "");
	ask(&rig);
	assert_int_equal(answer(&rig, "{}")->verdict.class, VERDICT_PERMANENT);
	rig_done(&rig);
}

static void batches_have_their_size(void **state)
{
	(void)state;
	struct rig rig;
	AUTO(buf_done) struct buf list = BUF(1 << 16);
	AUTO(buf_done) struct buf parts = BUF(1 << 16);
	begin(&rig, "messages", false, "");
	list_is_next(&rig);
	buf_add_text(&list, "{\"messages\":[");
	for (int i = 0; i < 120; i++)
		buf_printf(&list, "%s{\"id\":\"m%d\"}", i ? "," : "", i);
	buf_add_text(&list, "]}");
	answer(&rig, buf_text(&list));
	for (int round = 0; round < 3; round++) {
		size_t n = round < 2 ? 50 : 20;
		assert_int_equal(parts_of(&rig), n);
		assert_int_equal(provider_cost(&rig.walk), n * 20);
		buf_clear(&parts);
		for (size_t i = 0; i < n; i++)
			buf_printf(
			    &parts, "%s%zu:200:{\"id\":\"m%zu\"}", i ? "\n" : "", i, (size_t)round * 50 + i);
		answer_parts(&rig, buf_text(&parts));
		assert_int_equal(rig.page.records, n);
		assert_int_equal(rig.page.last, round == 2);
	}
	rig_done(&rig);
}

static enum rc gather_any(void *user, const struct record *rec)
{
	struct rig *rig = user;
	buf_printf(
	    &rig->ids, "%s%.*s ", rec->kind == RECORD_BAD ? "!" : "", STR_ARG(slice_str(rec->fields[0])));
	return RC_OK;
}

/* Each with two messages behind it. */
static void keys_are_next(struct rig *rig)
{
	begin(rig, "messages", false, "");
	list_is_next(rig);
	answer(rig, "{\"messages\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}]}");
	ask(rig);
}

static void parts_fail_alone(void **state)
{
	static const struct {
		const char *part;
		enum verdict_class held; /* ok: it is not asked for again */
		const char *ids;
	} cases[] = {
	    {"1:404:{\"error\":{\"code\":404}}", VERDICT_OK, "a -b c "},
	    {"1:429:{}", VERDICT_THROTTLED, "a c "},
	    {"1:403:{\"error\":{\"errors\":[{\"reason\":\"userRateLimitExceeded\"}]}}", VERDICT_THROTTLED,
	        "a c "},
	    {"1:401:{}", VERDICT_TOKEN, "a c "},
	    {"1:503:{}", VERDICT_TRANSIENT, "a c "},
	    {"1:500:{}", VERDICT_TRANSIENT, "a c "},
	    {"7:200:{\"id\":\"b\"}", VERDICT_TRANSIENT, "a c "},
	    {"1:400:{\"error\":{\"code\":400}}", VERDICT_OK, "a !b c "},
	    {"1:200:{\"id\":\"x\"}", VERDICT_OK, "a !b c "},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		AUTO(mem_free_ptr)
		char *parts = mem_printf("0:200:{\"id\":\"a\"}\n%s\n2:200:{\"id\":\"c\"}", cases[i].part);
		keys_are_next(&rig);
		answer_parts(&rig, parts);
		if (rig.page.verdict.class)
			fail_msg("%s: %s", cases[i].part, rig.page.verdict.reason);
		assert_int_equal(rig.page.held.class, cases[i].held);
		assert_ids(&rig, cases[i].ids);
		assert_int_equal(rig.page.last, cases[i].held == VERDICT_OK);
		if (cases[i].held) {
			assert_int_equal(parts_of(&rig), 1);
			assert_body_has(&rig, "/messages/b?");
			assert_true(answer_parts(&rig, "0:200:{\"id\":\"b\"}")->last);
			assert_ids(&rig, "b ");
		}
		rig_done(&rig);
	}
}

static void a_batch_without_any_good_part(void **state)
{
	static const struct {
		const char *parts;
		enum verdict_class class;
	} cases[] = {
	    {"0:429:{}\n1:429:{}\n2:429:{}", VERDICT_THROTTLED},
	    {"0:500:{}\n1:429:{}\n2:500:{}", VERDICT_THROTTLED},
	    {"0:500:{}\n1:500:{}\n2:500:{}", VERDICT_TRANSIENT},
	    {"0:401:{}\n1:429:{}\n2:500:{}", VERDICT_TOKEN},
	    {"", VERDICT_TRANSIENT},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig rig;
		keys_are_next(&rig);
		assert_int_equal(answer_parts(&rig, cases[i].parts)->verdict.class, cases[i].class);
		assert_true(rig.page.verdict.reason[0]);
		assert_int_equal(parts_of(&rig), 3);
		rig_done(&rig);
	}
}

/* Messages that fail whenever they are asked for are quarantined; throttled ones never. */
static void the_last_try_of_few_parts(void **state)
{
	(void)state;
	struct rig rig;
	keys_are_next(&rig);
	rig.walk.last_try = true;
	assert_int_equal(
	    answer_parts(&rig, "0:429:{}\n1:500:{}\n2:500:{}")->verdict.class, VERDICT_THROTTLED);
	answer_to(&rig, gather_any, 200, NULL, "");
	assert_int_equal(rig.page.verdict.class, VERDICT_PERMANENT);
	const struct http_header type = {STR("Content-Type"), STR("multipart/mixed; boundary=b_9")};
	answer_to(&rig, gather_any, 200, &type, "--b_9--");
	assert_int_equal(rig.page.verdict.class, VERDICT_OK);
	assert_true(rig.page.last);
	assert_ids(&rig, "!a !b !c ");
	rig_done(&rig);
}

static void a_batch_that_cannot_be_read(void **state)
{
	(void)state;
	struct rig rig;
	keys_are_next(&rig);
	assert_int_equal(answer(&rig, "{}")->verdict.class, VERDICT_PERMANENT);
	assert_int_equal(answer_with(&rig, 204, NULL, "")->verdict.class, VERDICT_PERMANENT);
	assert_int_equal(answer_with(&rig, 401, NULL, "")->verdict.class, VERDICT_TOKEN);
	assert_int_equal(answer_with(&rig, 404, NULL, "")->verdict.class, VERDICT_PERMANENT);
	assert_int_equal(parts_of(&rig), 3);
	rig_done(&rig);
}

static void too_long_an_answer_is_asked_for_in_pieces(void **state)
{
	(void)state;
	struct rig rig;
	AUTO(buf_done) struct buf cursor = BUF(1 << 16);
	keys_are_next(&rig);
	assert_true(provider_ask_less(&rig.walk, &cursor));
	rig.walk.cursor = buf_str(&cursor);
	assert_int_equal(parts_of(&rig), 1);
	assert_int_equal(provider_cost(&rig.walk), 20);
	AUTO(buf_done) struct buf none = BUF(1 << 16);
	assert_false(provider_ask_less(&rig.walk, &none));
	assert_int_equal(none.n, 0);
	answer_parts(&rig, "0:200:{\"id\":\"a\"}");
	assert_int_equal(parts_of(&rig), 1);
	assert_body_has(&rig, "/messages/b?");
	rig_done(&rig);
}

static void changes_since_a_number(void **state)
{
	(void)state;
	struct rig rig;
	begin(&rig, "messages", true, "77");
	assert_string_equal(ask(&rig), MAIL "history?startHistoryId=77&maxResults=500");
	assert_true(rig.request.cursor_sent);
	answer(&rig,
	    "{\"history\":["
	    "{\"id\":\"78\",\"messages\":[{\"id\":\"never\"}],\"messagesAdded\":[{\"message\":{\"id\":\"a\"}}"
	    "]},"
	    "{\"id\":\"79\",\"labelsAdded\":[{\"message\":{\"id\":\"b\"},\"labelIds\":[\"STARRED\"]}]},"
	    "{\"id\":\"80\",\"labelsRemoved\":[{\"message\":{\"id\":\"b\"}},{\"message\":{\"id\":\"c\"}}]},"
	    "{\"id\":\"81\",\"messagesDeleted\":[{\"message\":{\"id\":\"a\"}},{\"message\":{\"id\":\"d\"}}]},"
	    "{\"id\":\"82\"}],\"nextPageToken\":\"n\",\"historyId\":\"90\"}");
	assert_int_equal(rig.page.verdict.class, VERDICT_OK);
	assert_false(rig.page.whole);
	assert_ids(&rig, "-a -d ");
	assert_int_equal(parts_of(&rig), 2);
	assert_false(rig.request.cursor_sent);
	answer_parts(&rig, "0:200:{\"id\":\"b\"}\n1:404:{}");
	assert_ids(&rig, "b -c ");
	assert_string_equal(ask(&rig), MAIL "history?startHistoryId=77&maxResults=500&pageToken=n");
	/* Pages may be empty and yet not the last; the last one's number counts. */
	assert_true(answer(&rig, "{\"historyId\":\"91\"}")->last);
	assert_string_equal(buf_text(&rig.page.token), "91");
	rig_done(&rig);
}

static void nothing_has_changed(void **state)
{
	(void)state;
	struct rig rig;
	begin(&rig, "messages", true, "77");
	ask(&rig);
	assert_true(answer(&rig, "{\"historyId\":\"78\"}")->last);
	assert_string_equal(buf_text(&rig.page.token), "78");
	rig_done(&rig);
}

static void an_expired_history(void **state)
{
	(void)state;
	struct rig rig;
	begin(&rig, "messages", true, "5");
	ask(&rig);
	const char *lost = "{\"error\":{\"code\":404,\"status\":\"NOT_FOUND\"}}";
	assert_int_equal(answer_with(&rig, 404, NULL, lost)->verdict.class, VERDICT_CURSOR);
	/* The walk that follows is one of everything, whatever the last one has left. */
	rig.walk.incremental = false;
	assert_string_equal(ask(&rig), MAIL "profile");
	rig_done(&rig);
}

static void entries_that_are_none(void **state)
{
	static const char *const entries[] = {"7", "{\"messagesAdded\":7}", "{\"messagesAdded\":[7]}",
	    "{\"messagesAdded\":[{}]}", "{\"messagesAdded\":[{\"message\":{}}]}",
	    "{\"messagesAdded\":[{\"message\":{\"id\":7}}]}",
	    "{\"messagesAdded\":[{\"message\":{\"id\":\"\"}}]}",
	    "{\"messagesAdded\":[{\"message\":{\"id\":\"a,b\"}}]}"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		struct rig rig;
		AUTO(mem_free_ptr)
		char *body = mem_printf("{\"history\":[%s],\"historyId\":\"9\"}", entries[i]);
		begin(&rig, "messages", true, "5");
		if (answer(&rig, body)->verdict.class != VERDICT_PERMANENT)
			fail_msg("%s is taken", entries[i]);
		rig_done(&rig);
	}
}

/* A page of changes that no cursor holds: everything is walked instead. */
static void more_changes_than_a_cursor_holds(void **state)
{
	(void)state;
	struct rig rig;
	AUTO(buf_done) struct buf body = BUF(1 << 20);
	begin(&rig, "messages", true, "5");
	buf_add_text(&body, "{\"history\":[{\"messagesAdded\":[");
	for (int i = 0; i < 4000; i++)
		buf_printf(&body, "%s{\"message\":{\"id\":\"18f2a5%010d\"}}", i ? "," : "", i);
	buf_add_text(&body, "]}],\"historyId\":\"9\"}");
	assert_int_equal(answer(&rig, buf_text(&body))->verdict.class, VERDICT_CURSOR);
	rig_done(&rig);
}

/* ---- calendars ---- */

static void calendar_is(struct rig *rig, bool incremental, const char *token)
{
	begin(rig, "events", incremental, token);
	rig->walk.bearings.parent = STR("a@b.c");
	rig->walk.bearings.keys = STR("{\"id\":\"a@b.c\"}");
}

static enum rc gather_event(void *user, const struct record *rec)
{
	struct rig *rig = user;
	buf_printf(&rig->ids, "%s%.*s/%.*s ", rec->kind == RECORD_GONE ? "-" : "",
	    STR_ARG(slice_str(rec->fields[0])), STR_ARG(slice_str(rec->fields[1])));
	return RC_OK;
}

static void events_of_a_calendar(void **state)
{
	(void)state;
	struct rig rig;
	calendar_is(&rig, true, "");
	assert_string_equal(ask(&rig), EVENTS);
	answer_to(&rig, gather_event, 200, NULL,
	    "{\"items\":[{\"id\":\"e1\",\"status\":\"confirmed\"},{\"id\":\"e2\",\"status\":\"cancelled\"}],"
	    "\"nextPageToken\":\"p\"}");
	assert_ids(&rig, "a@b.c/e1 -a@b.c/e2 ");
	assert_true(rig.page.whole); /* nobody has walked before */
	assert_false(rig.page.parent_done);
	assert_string_equal(ask(&rig), EVENTS "&pageToken=p");
	/* Short and empty pages go on. */
	answer_to(&rig, gather_event, 200, NULL, "{\"items\":[],\"nextPageToken\":\"q\"}");
	assert_int_equal(rig.page.verdict.class, VERDICT_OK);
	assert_string_equal(ask(&rig), EVENTS "&pageToken=q");
	answer_to(&rig, gather_event, 200, NULL, "{\"items\":[],\"nextSyncToken\":\"s1\"}");
	assert_true(rig.page.parent_done);
	assert_string_equal(buf_text(&rig.page.token), "s1");
	assert_string_equal(buf_text(&rig.page.parent), "a@b.c");
	assert_false(rig.page.last); /* other calendars */
	rig_done(&rig);
}

static void events_since_a_sync_token(void **state)
{
	(void)state;
	struct rig rig;
	calendar_is(&rig, true, "s1");
	assert_string_equal(ask(&rig), EVENTS "&syncToken=s1");
	assert_true(rig.request.cursor_sent);
	answer_to(&rig, gather_event, 200, NULL,
	    "{\"items\":[{\"id\":\"e1\",\"status\":\"cancelled\"}],"
	    "\"nextPageToken\":\"p\"}");
	assert_ids(&rig, "-a@b.c/e1 ");
	assert_false(rig.page.whole);
	assert_string_equal(ask(&rig), EVENTS "&syncToken=s1&pageToken=p");
	answer_to(&rig, gather_event, 200, NULL, "{\"nextSyncToken\":\"s2\"}");
	assert_string_equal(buf_text(&rig.page.token), "s2");
	rig_done(&rig);
}

static void an_expired_sync_token(void **state)
{
	(void)state;
	struct rig rig;
	calendar_is(&rig, true, "s1");
	ask(&rig);
	const char *gone = "{\"error\":{\"code\":410,\"errors\":[{\"reason\":\"fullSyncRequired\"}]}}";
	assert_int_equal(answer_with(&rig, 410, NULL, gone)->verdict.class, VERDICT_CURSOR);
	rig.walk.incremental = false;
	assert_string_equal(ask(&rig), EVENTS);
	rig_done(&rig);
}

static void a_calendar_that_is_gone(void **state)
{
	(void)state;
	struct rig rig;
	calendar_is(&rig, true, "s1");
	ask(&rig);
	assert_int_equal(answer_with(&rig, 404, NULL, "{}")->verdict.class, VERDICT_OK);
	assert_true(rig.page.parent_done);
	assert_int_equal(rig.page.token.n, 0);
	rig_done(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_walk_of_everything),
	    cmocka_unit_test(an_empty_mailbox),
	    cmocka_unit_test(a_profile_without_a_number_ends_the_walk),
	    cmocka_unit_test(batches_have_their_size),
	    cmocka_unit_test(parts_fail_alone),
	    cmocka_unit_test(a_batch_without_any_good_part),
	    cmocka_unit_test(the_last_try_of_few_parts),
	    cmocka_unit_test(a_batch_that_cannot_be_read),
	    cmocka_unit_test(too_long_an_answer_is_asked_for_in_pieces),
	    cmocka_unit_test(changes_since_a_number),
	    cmocka_unit_test(nothing_has_changed),
	    cmocka_unit_test(an_expired_history),
	    cmocka_unit_test(entries_that_are_none),
	    cmocka_unit_test(more_changes_than_a_cursor_holds),
	    cmocka_unit_test(events_of_a_calendar),
	    cmocka_unit_test(events_since_a_sync_token),
	    cmocka_unit_test(an_expired_sync_token),
	    cmocka_unit_test(a_calendar_that_is_gone),
	};

	return cmocka_run_group_tests(tests, declarations_load, declarations_unload);
}

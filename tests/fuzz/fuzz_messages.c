// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a message of each topic: refused with a reason, or decoded; what was decoded is encoded,
 * decoded and encoded again to the same text. The first byte chooses the message and how a request is
 * enveloped.
 */
#include "base/base.h"
#include "base/utf8.h"
#include "sync/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_problem(enum rc rc, const struct json_problem *problem)
{
	struct str text = str_of(problem->err.text);

	check(problem->err.rc == rc && text.n > 0, "a refusal without a reason");
	check(str_starts(text, str_of(problem->pointer)), "a reason that does not begin with its pointer");
	check(utf8_valid(text), "a reason that is not UTF-8");
}

static void check_request_again(const struct sync_request *rq)
{
	struct buf first = BUF(MESSAGE_REQUEST_BYTES_MAX);
	struct buf second = BUF(MESSAGE_REQUEST_BYTES_MAX);
	struct json_problem problem = {0};
	struct sync_request again = {0};

	request_encode(rq, &first);
	enum rc rc = request_decode(buf_str(&first), &(struct request_headers){0}, &again, &problem);
	check(rc == RC_OK, "our own request is refused");
	request_encode(&again, &second);
	check(buf_ok(&first) && str_eq(buf_str(&first), buf_str(&second)), "another request");
	sync_request_done(&again);
	buf_done(&first);
	buf_done(&second);
}

static void run_request(struct str value, const struct request_headers *headers)
{
	struct json_problem problem = {0};
	struct sync_request rq = {0};
	enum rc rc = request_decode(value, headers, &rq, &problem);

	if (rc != RC_OK) {
		check_problem(rc, &problem);
		return;
	}
	check(rq.provider.n > 0 && rq.doc, "a request without a provider");
	check_request_again(&rq);
	sync_request_done(&rq);
}

static void run_plain(struct str value)
{
	run_request(value, &(struct request_headers){0});
}

static void run_structured(struct str value)
{
	run_request(value,
	    &(struct request_headers){.content_type = STR("application/cloudevents+json; charset=utf-8")});
}

/* Binary mode: the first line is the event's id, the second its traceparent. */
static void run_binary(struct str value)
{
	struct request_headers headers = {.ce_specversion = STR("1.0"),
	    .ce_source = STR("/fuzz"),
	    .ce_type = STR("io.syncfleet.sync.requested.v1"),
	    .content_type = STR("application/json")};

	headers.ce_id = str_cut(&value, '\n');
	headers.traceparent = str_cut(&value, '\n');
	run_request(value, &headers);
}

static void run_task(struct str value)
{
	struct buf first = BUF(MESSAGE_TASK_BYTES_MAX);
	struct buf second = BUF(MESSAGE_TASK_BYTES_MAX);
	struct json_problem problem = {0};
	struct task_message m = {0};
	struct task_message again = {0};
	enum rc rc = task_message_decode(value, &m, &problem);

	if (rc != RC_OK) {
		check_problem(rc, &problem);
		return;
	}
	task_message_encode(&m, &first);
	check(task_message_decode(buf_str(&first), &again, &problem) == RC_OK, "our own task is refused");
	task_message_encode(&again, &second);
	check(buf_ok(&first) && str_eq(buf_str(&first), buf_str(&second)), "another task");
	task_message_done(&m);
	task_message_done(&again);
	buf_done(&first);
	buf_done(&second);
}

static void run_result(struct str value)
{
	struct json_problem problem = {0};
	struct result_message m = {0};
	enum rc rc = result_decode(value, &m, &problem);

	if (rc != RC_OK) {
		check_problem(rc, &problem);
		return;
	}
	check(m.provider.n > 0 && m.has_task_id == (m.event_type <= RESULT_TASK_CANCELLED), "a half result");
	result_message_done(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const runs[])(struct str value) = {
	    run_plain, run_structured, run_binary, run_task, run_result};

	if (size < 1)
		return 0;
	runs[data[0] % ARRAY_SIZE(runs)]((struct str){(const char *)data + 1, size - 1});
	return 0;
}

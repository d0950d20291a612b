// SPDX-License-Identifier: Apache-2.0
#pragma once
/*
 * Dead letters: the original message on <topic>.dlq, and headers in Kafka Connect's words that say what was
 * wrong with it. On sync.requests.dlq the value is what was sent, byte for byte; on sync.tasks.<provider>.dlq
 * it is a task message.
 */
#include "base/base.h"
#include "base/json.h"
#include "io/kafka.h"

#define DEAD_LETTER_PREFIX "__connect.errors."
#define DEAD_LETTER_OWN_HEADERS 6 /* that dead_letter_headers adds */

struct dead_letter {
	bool of_task;     /* else of a request */
	struct str topic; /* where the message came from */
	struct str stage; /* VALUE_CONVERTER, FETCH, ... */
	struct str class; /* a task's error class, a request's problem code */
	struct str message;
	/* requests */
	int64_t partition;
	int64_t offset;
	/* tasks */
	struct str task_id;
	int64_t attempts;
	struct str first_failed_at;
	struct str last_failed_at;
	bool retryable;
	/* the last failed call, when there was one; p NULL: not told */
	struct str request;          /* method and URL, then perhaps a body */
	struct str response_status;  /* digits */
	struct str response_headers; /* a JSON object */
	struct str response_body;    /* cut */
};

/* The slices are those of the headers. Pointers of problems begin with "/headers/". */
enum rc dead_letter_decode(const struct kafka_header *headers, size_t n, struct dead_letter *ret,
    struct json_problem *problem) MUST_USE;

struct dead_letter_text {
	char partition[16];
	char offset[24];
};

/*
 * Makes a request's headers those of its dead letter: `headers` holds the message's `n` own ones
 * (kafka_message_headers) and room for DEAD_LETTER_OWN_HEADERS more; those of an earlier death are dropped.
 * Slices of `m`, `why` and `text`. Returns how many there are.
 */
size_t dead_letter_headers(const struct kafka_message *m, const struct dead_letter *why,
    struct dead_letter_text *text, struct kafka_header *headers, size_t n);

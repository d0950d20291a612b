// SPDX-License-Identifier: Apache-2.0
#pragma once
/* What the message codecs share. */
#include "sync/messages.h"

#define MESSAGE_NAME_MAX 63 /* of providers and resources: they become parts of table and topic names */
#define MESSAGE_DEPTH_MAX 4

#define NAME_FIELD(T, member) JSON_STRING(T, member), .required = true, .min = 1, .max = MESSAGE_NAME_MAX

/* Parses and takes apart; the caller owns *ret_doc. */
enum rc message_decode(struct str value, size_t max_bytes, const struct json_field *fields, size_t n,
    void *target, json_object **ret_doc, struct json_problem *problem) MUST_USE;
/* Sets the problem "<pointer>: <text>" and returns RC_INVALID. */
enum rc message_problem(struct json_problem *problem, const char *pointer, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* An identifier of a provider or resource, as declarations write it. */
enum rc message_check_name(struct str name, const char *pointer, struct json_problem *problem) MUST_USE;
/* A time as PostgreSQL's iso_time() writes it. */
enum rc message_check_time(struct str text, const char *pointer, struct json_problem *problem) MUST_USE;

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "google.h"
#include "io/crypto.h"
#include "json.h"
#include "template.h"

#define PICK(list, rng) (list)[random_below(rng, ARRAY_SIZE(list))]
#define THREAD 3 /* messages of a conversation */
#define TEXT_MAX ((size_t)8192)

static const char *const LABELS[] = {"INBOX", "UNREAD", "STARRED", "IMPORTANT", "SENT", "SPAM", "TRASH",
    "CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS", "CATEGORY_UPDATES", "Label_1", "Label_2", "Label_3",
    "Label_4", "Label_5", "Label_6", "Label_7"};
enum { INBOX = 1, UNREAD = 2, STARRED = 4, IMPORTANT = 8, SENT = 16, SPAM = 32, TRASH = 64, CATEGORY = 128 };
#define OWN_LABELS 7
#define OWN_FIRST 10

/* As they stand in a header: quoted where they hold a comma, beyond ASCII, with and without a name. */
static const char *const PEOPLE[] = {"Ana García <ana@harbor.example>",
    "\"Okafor, Ngozi\" <ngozi@quartz.example>", "李雷 <lilei@etoile.example>", "pepe@meadow.example",
    "\"Zoë \\\"ZZ\\\" O'Brien\" <zoe.obrien@prairie.example>", "<no-reply@bank.example>",
    "Łukasiewicz Jan <JAN@Ember.Example>", "undisclosed-recipients:;"};
static const char *const SUBJECTS[] = {"Closing statement", "Re: Identification notice",
    "Fwd: wire instructions", "Ваш документ готов", "交換の期限", "café at 9? 🏠",
    "[ticket #4711] deposit \"pending\"", "invoice\t2026"};
static const char *const WORDS[] = {"review", "the", "closing", "statement", "before", "deadline", "client",
    "asked", "for", "replacement", "property", "signed", "notice", "café", "€", "🏠", "deposit", "<b>",
    "&amp;"};

uint32_t google_label_bit(struct str name)
{
	for (size_t k = 0; k < ARRAY_SIZE(LABELS); k++)
		if (str_is(name, LABELS[k]))
			return UINT32_C(1) << k;
	return 0;
}

void google_labels_write(uint32_t labels, struct buf *ret)
{
	const char *comma = "";

	buf_add_char(ret, '[');
	for (size_t k = 0; k < ARRAY_SIZE(LABELS); k++) {
		if (!(labels & UINT32_C(1) << k))
			continue;
		buf_printf(ret, "%s\"%s\"", comma, LABELS[k]);
		comma = ",";
	}
	buf_add_char(ret, ']');
}

uint32_t google_labels(const struct account *a, uint32_t i, uint32_t revision)
{
	uint64_t x = mix(a->salt + i);
	uint32_t labels = i % 19 == 7 ? SENT : i % 41 == 13 ? SPAM : i % 37 == 11 ? TRASH : INBOX;

	if (labels != SENT && x % 3 == 0)
		labels |= UNREAD;
	if (x / 8 % 11 == 0)
		labels |= STARRED;
	if (x / 128 % 4 == 0)
		labels |= IMPORTANT;
	if (labels & INBOX)
		labels |= (uint32_t)CATEGORY << (x / 1024 % 3);
	if (revision <= 1)
		return labels;
	if (revision % 2 == 0 && !(labels & SENT))
		labels ^= UNREAD;
	return labels | UINT32_C(1) << (OWN_FIRST + revision % OWN_LABELS);
}

/* Sixteen hexadecimal digits that rise with the index and are another account's never. */
void google_message_id(const struct account *a, uint32_t i, char ret[GOOGLE_ID_MAX])
{
	snprintf(ret, GOOGLE_ID_MAX, "19%07x%07x", i & 0xfffffff, (unsigned)(a->salt & 0xfffffff));
}

void google_message_refs(const struct account *a, uint32_t i, struct buf *ret)
{
	char id[GOOGLE_ID_MAX], thread[GOOGLE_ID_MAX];

	google_message_id(a, i, id);
	google_message_id(a, i - i % THREAD, thread);
	buf_printf(ret, "\"id\":\"%s\",\"threadId\":\"%s\"", id, thread);
}

/* ---- the text ---- */

/* What a message says: a function of account and index, and never changed. */
struct letter {
	const struct account *account;
	uint32_t i;
	uint64_t rng;
	int64_t sent_s;
	bool sent;  /* by the account's owner */
	bool files; /* with an attachment */
	bool plain; /* one part only */
	struct buf text;
};

static struct letter letter_of(const struct account *a, const struct resource *r, uint32_t i)
{
	struct letter letter = {.account = a,
	    .i = i,
	    .rng = mix(a->salt ^ i),
	    .sent_s = record_times(a, r, i).created_s,
	    .sent = google_labels(a, i, 1) & SENT,
	    .files = i % 7 == 3,
	    .plain = i % 5 == 1,
	    .text = BUF(TEXT_MAX)};

	buf_printf(&letter.text, "Message %u:", i);
	for (unsigned n = 8 + random_below(&letter.rng, 24); n--;)
		buf_printf(&letter.text, " %s", PICK(WORDS, &letter.rng));
	return letter;
}

static void header_add(struct buf *ret, const char *name, const char *value, bool small)
{
	char lower[32];

	str_copy(lower, sizeof lower, name);
	for (char *at = lower; small && *at; at++)
		*at |= *at >= 'A' && *at <= 'Z' ? 0x20 : 0;
	buf_add_text(ret, ret->n && ret->p[ret->n - 1] == '}' ? ",{\"name\":" : "{\"name\":");
	json_string(ret, str_of(lower));
	buf_add_text(ret, ",\"value\":");
	json_string(ret, str_of(value));
	buf_add_char(ret, '}');
}

static void addresses_write(struct letter *letter, char *ret, size_t size)
{
	size_t n = 0;

	ret[0] = '\0';
	for (unsigned k = 1 + random_below(&letter->rng, 3); k--;)
		n += (size_t)snprintf(ret + n, size - n, "%s%s", n ? ", " : "", PICK(PEOPLE, &letter->rng));
}

/* Names come in any case, some twice, and not every message has a subject. */
static void headers_write(struct letter *letter, struct buf *ret)
{
	char own[ACCOUNT_NAME_MAX + 16], id[GOOGLE_ID_MAX + 16], date[64], list[512], subject[256];
	bool small = letter->i % 11 == 4;
	time_t t = letter->sent_s;
	struct tm tm;

	google_address(letter->account, own);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&t, &tm));
	google_message_id(letter->account, letter->i, id);
	str_copy(id + strlen(id), 16, "@mail.example");
	addresses_write(letter, list, sizeof list);
	snprintf(subject, sizeof subject, "%s (%u)", PICK(SUBJECTS, &letter->rng), letter->i);
	header_add(ret, "Delivered-To", own, small);
	header_add(ret, "Received", "by 2002:a05:6f02:1e08:b0:9f with SMTP id x8", small);
	header_add(ret, "Received", "from mail.example (mail.example. [192.0.2.7])", small);
	header_add(ret, "MIME-Version", "1.0", small);
	header_add(ret, "From", letter->sent ? own : PICK(PEOPLE, &letter->rng), small);
	header_add(ret, "Date", date, small);
	header_add(ret, "Message-ID", id, small);
	if (letter->i % 23 != 7)
		header_add(ret, "Subject", subject, small);
	header_add(ret, "To", letter->sent ? list : own, small);
	if (letter->i % 6 == 2)
		header_add(ret, "Cc", list, small);
	header_add(ret, "Content-Type",
	    letter->plain ? "text/plain; charset=\"UTF-8\"" : "multipart/alternative; boundary=\"b1\"",
	    small);
}

static void data_write(struct str text, struct buf *ret)
{
	buf_printf(ret, "\"body\":{\"size\":%zu,\"data\":\"", text.n);
	crypto_base64_encode(CRYPTO_BASE64URL, text, ret);
	buf_add_text(ret, "\"}");
}

static void part_write(const char *id, const char *type, struct str text, struct buf *ret)
{
	buf_printf(ret, "{\"partId\":\"%s\",\"mimeType\":\"%s\",\"filename\":\"\",\"headers\":[", id, type);
	header_add(ret, "Content-Type", type, false);
	buf_add_text(ret, "],");
	data_write(text, ret);
	buf_add_char(ret, '}');
}

static void parts_write(struct letter *letter, struct buf *ret)
{
	AUTO(buf_done) struct buf html = BUF(2 * TEXT_MAX);

	buf_printf(&html, "<div dir=\"ltr\">%s</div>", buf_text(&letter->text));
	buf_add_text(ret, "\"body\":{\"size\":0},\"parts\":[");
	part_write("0", "text/plain", buf_str(&letter->text), ret);
	buf_add_char(ret, ',');
	part_write("1", "text/html", buf_str(&html), ret);
	if (letter->files)
		buf_printf(ret,
		    ",{\"partId\":\"2\",\"mimeType\":\"application/pdf\",\"filename\":\"Vertrag – "
		    "%u.pdf\",\"headers\":[{\"name\":"
		    "\"Content-Disposition\",\"value\":\"attachment\"}],\"body\":{\"attachmentId\":\"ANGjdJ%"
		    "08x\",\"size\":%u}}",
		    letter->i, letter->i, 40000 + letter->i);
	buf_add_char(ret, ']');
}

static void payload_write(struct letter *letter, bool bodies, struct buf *ret)
{
	const char *type = letter->plain   ? "text/plain"
	                   : letter->files ? "multipart/mixed"
	                                   : "multipart/alternative";

	buf_printf(
	    ret, ",\"payload\":{\"partId\":\"\",\"mimeType\":\"%s\",\"filename\":\"\",\"headers\":[", type);
	headers_write(letter, ret);
	buf_add_char(ret, ']');
	if (bodies) {
		buf_add_char(ret, ',');
		if (letter->plain)
			data_write(buf_str(&letter->text), ret);
		else
			parts_write(letter, ret);
	}
	buf_add_char(ret, '}');
}

static void raw_write(struct letter *letter, struct buf *ret)
{
	AUTO(buf_done) struct buf mail = BUF(2 * TEXT_MAX);

	buf_printf(&mail, "From: pepe@meadow.example\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n%s",
	    buf_text(&letter->text));
	buf_add_text(ret, ",\"raw\":\"");
	crypto_base64_encode(CRYPTO_BASE64URL, buf_str(&mail), ret);
	buf_add_char(ret, '"');
}

void google_message_write(
    const struct account *a, const struct resource *r, uint32_t i, enum google_format format, struct buf *ret)
{
	const struct google_track *t = &a->google->messages;
	struct letter letter = letter_of(a, r, i);
	struct str start = {buf_text(&letter.text), MIN(letter.text.n, 60)};

	while (start.n && ((unsigned char)start.p[start.n] & 0xc0) == 0x80)
		start.n--; /* not within a letter */
	buf_add_char(ret, '{');
	google_message_refs(a, i, ret);
	buf_add_text(ret, ",\"labelIds\":");
	google_labels_write(t->state[i] & ~GOOGLE_HERE, ret);
	buf_add_text(ret, ",\"snippet\":");
	json_string(ret, start);
	if (format == GOOGLE_FULL || format == GOOGLE_METADATA)
		payload_write(&letter, format == GOOGLE_FULL, ret);
	else if (format == GOOGLE_RAW)
		raw_write(&letter, ret);
	buf_printf(ret,
	    ",\"sizeEstimate\":%zu,\"historyId\":\"%" PRIu64 "\",\"internalDate\":\"%" PRId64 "\"}",
	    900 + letter.text.n, t->last[i], letter.sent_s * 1000 + i % 1000);
	buf_done(&letter.text);
}

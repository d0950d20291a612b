// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "practicepanther_texts.h"
#include "template.h"

/* JSON texts: escapes are the wire's own. */
static const char *const FIRST[] = {"Ana", "Zo\\u00eb", "S\xc3\xb8ren", "Mary-Jane", "Seán",
    "\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0", "\xe6\x9d\x8e\xe9\x9b\xb7", "Jos\\u00e9 \\\"Pepe\\\"", "Wren",
    "Ngozi", "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf", "Priya", "Tom\xc3\xa1\xc5\xa1", "Ruth", "D\\u2019Arcy",
    "Kim"};
static const char *const LAST[] = {"O'Brien", "Smith", "Łukasiewicz", "Nguy\xe1\xbb\x85n", "van der Berg",
    "Garc\\u00eda", "M\xc3\xbcller", "Okafor", "Smythe\\/Jones", "Ivanova", "Tanaka", "St. John",
    "Jr.\\tBaker", "de la Cruz", "Ek", "Haddad"};
static const char *const MAIL[] = {"ana", "zoe", "soren", "mj", "sean", "anna", "lilei", "pepe", "wren",
    "ngozi", "mo", "priya", "tomas", "ruth", "darcy", "kim"};
static const char *const FIRM[] = {"Harbor & Vale LLP", "Quartz Holdings, Inc.", "\\u00c9toile Avocats",
    "Bright \\\"BRT\\\" Title", "Meadow 1031 Exchange",
    "\xe6\x9d\xb1\xe4\xba\xac\xe6\xb3\x95\xe5\xbe\x8b\xe4\xba\x8b\xe5\x8b\x99\xe6\x89\x80",
    "Prairie Escrow Co.", "Ember\\\\Stone"};
static const char *const WORDS[] = {"review", "the", "closing", "statement", "with", "escrow", "before",
    "deadline", "client", "asked", "for", "replacement", "property", "signed", "notice", "identification",
    "wire", "pending", "caf\xc3\xa9", "\\u20ac", "line\\nbreak", "\xf0\x9f\x8f\xa0", "\\ud83d\\udcc4",
    "deposit"};
static const char *const TAGS[] = {
    "1031", "urgent", "vip", "Litigation", "real estate", "caf\xc3\xa9", "needs\\u0020review", "Q4"};
static const char *const USERS[] = {
    "Dana Whitfield", "Luis Ortega", "Mei Lin", "Ji\\u0159\\u00ed Nov\xc3\xa1k"};

#define PICK(list) (list)[random_below(rng, ARRAY_SIZE(list))]
#define CHANCE(n) (random_below(rng, (n)) == 0)

static void add_text(struct buf *ret, uint64_t *rng, unsigned words)
{
	buf_add_text(ret, "rev ~R");
	while (words--)
		buf_printf(ret, " %s", PICK(WORDS));
}

static void add_phone(struct buf *ret, uint64_t *rng, const char *name)
{
	if (CHANCE(3))
		buf_printf(ret, "\"%s\":null,", name);
	else
		buf_printf(ret, "\"%s\":\"+1 (%03u) 555-%04u\",", name, 200 + random_below(rng, 700),
		    random_below(rng, 10000));
}

static void add_random_uuid(struct buf *ret, uint64_t *rng)
{
	uint64_t a = random_next(rng);
	uint64_t b = random_next(rng);

	buf_printf(ret, "%08x-%04x-4%03x-a%03x-%012" PRIx64, (unsigned)(a >> 32),
	    (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff), (unsigned)(b >> 48 & 0xfff),
	    b & UINT64_C(0xffffffffffff));
}

static const char *zone(uint64_t *rng)
{
	return CHANCE(2) ? "+00:00" : "";
}

static void add_account_ref(struct buf *ret, uint64_t *rng)
{
	buf_printf(ret, "\"account_ref\":{\"id\":\"~A\",\"display_name\":\"%s\"},", PICK(FIRM));
}

static void add_tags(struct buf *ret, uint64_t *rng)
{
	unsigned n = random_below(rng, 4);

	buf_add_text(ret, "\"tags\":[");
	for (unsigned i = 0; i < n; i++)
		buf_printf(ret, "%s\"%s\"", i ? "," : "", PICK(TAGS));
	buf_add_text(ret, "],");
}

static void add_users(struct buf *ret, uint64_t *rng)
{
	unsigned n = random_below(rng, 3);

	buf_add_text(ret, "\"assigned_to_users\":[");
	for (unsigned i = 0; i < n; i++) {
		buf_printf(ret, "%s{\"id\":\"", i ? "," : "");
		add_random_uuid(ret, rng);
		buf_printf(ret, "\",\"display_name\":\"%s\",\"email_address\":\"%s@firm.example\"}",
		    PICK(USERS), PICK(MAIL));
	}
	buf_add_text(ret, "],");
}

/* The value of one custom field, by value_type; the other four value_ keys are null, as the API sends them.
 */
static void add_custom_field(struct buf *ret, uint64_t *rng, unsigned type)
{
	static const char *const types[] = {
	    "TextBox", "Date", "Number", "Currency", "Checkbox", "DropDownList"};
	static const char *const labels[] = {
	    "Referral \\\"source\\\"", "Closing date", "Lot", "Purchase price", "Accredited", "Region"};

	buf_add_text(ret, "{\"custom_field_ref\":{\"id\":\"");
	add_random_uuid(ret, rng);
	buf_printf(ret, "\",\"label\":\"%s\",\"value_type\":\"%s\"},", labels[type], types[type]);
	buf_printf(ret, "\"value_boolean\":%s,", type != 4 ? "null" : CHANCE(2) ? "true" : "false");
	if (type == 1)
		buf_printf(ret, "\"value_date_time\":\"2026-%02u-%02uT00:00:00%s\",",
		    1 + random_below(rng, 12), 1 + random_below(rng, 28), zone(rng));
	else
		buf_add_text(ret, "\"value_date_time\":null,");
	if (type == 2)
		buf_printf(ret, "\"value_number\":%u,", random_below(rng, 900));
	else
		buf_add_text(ret, type == 3 ? "\"value_number\":~$.25," : "\"value_number\":null,");
	if (type == 0 || type == 5)
		buf_printf(ret, "\"value_string\":\"%s %s\",", PICK(WORDS), PICK(WORDS));
	else
		buf_add_text(ret, "\"value_string\":null,");
	buf_add_text(ret, "\"contact_ref\":null}");
}

static void add_custom_fields(struct buf *ret, uint64_t *rng)
{
	unsigned n = 1 + random_below(rng, 2);

	buf_add_text(ret, "\"custom_field_values\":[");
	for (unsigned i = 0; i < n; i++) {
		if (i)
			buf_add_char(ret, ',');
		add_custom_field(ret, rng, random_below(rng, 6));
	}
	buf_add_char(ret, ']');
}

static void add_times(struct buf *ret, uint64_t *rng)
{
	const char *z = zone(rng);

	buf_printf(ret, ",\"created_at\":\"~C%s\",\"updated_at\":\"~U%s\"}", z, z);
}

/* "name":"value", or null one time in `null_in`. */
static void add_choice(struct buf *ret, uint64_t *rng, const char *name, const char *value, unsigned null_in)
{
	if (CHANCE(null_in))
		buf_printf(ret, "\"%s\":null,", name);
	else
		buf_printf(ret, "\"%s\":\"%s\",", name, value);
}

static void add_date(struct buf *ret, uint64_t *rng, const char *name, unsigned null_in)
{
	char date[64];

	snprintf(date, sizeof date, "2026-%02u-%02uT%02u:00:00%s", 1 + random_below(rng, 12),
	    1 + random_below(rng, 28), random_below(rng, 24), zone(rng));
	add_choice(ret, rng, name, date, null_in);
}

void contact_text(struct buf *ret, uint64_t *rng)
{
	const char *first = PICK(FIRST);
	const char *last = PICK(LAST);

	buf_add_text(ret, "{\"id\":\"~I\",");
	add_account_ref(ret, rng);
	buf_printf(ret, "\"is_primary_contact\":%s,\"display_name\":\"%s %s\",", CHANCE(3) ? "true" : "false",
	    first, last);
	buf_printf(ret, "\"first_name\":\"%s\",", first);
	add_choice(ret, rng, "middle_name", CHANCE(2) ? "J." : "", 2);
	buf_printf(ret, "\"last_name\":\"%s\",", last);
	add_phone(ret, rng, "phone_mobile");
	add_phone(ret, rng, "phone_home");
	add_phone(ret, rng, "phone_fax");
	add_phone(ret, rng, "phone_work");
	buf_printf(ret, "\"email\":\"%s.~n@clients.example.com\",\"notes\":\"", PICK(MAIL));
	add_text(ret, rng, 20 + random_below(rng, 40));
	buf_add_text(ret, "\",");
	add_custom_fields(ret, rng);
	buf_add_char(ret, '}');
}

void matter_text(struct buf *ret, uint64_t *rng)
{
	static const char *const status[] = {"Open", "Open", "Closed", "Pending", "Archived"};

	buf_add_text(ret, "{\"id\":\"~I\",");
	add_account_ref(ret, rng);
	buf_printf(ret, "\"number\":~#,\"name\":\"%s v. %s\",\"notes\":\"", PICK(LAST), PICK(FIRM));
	add_text(ret, rng, 10 + random_below(rng, 30));
	buf_add_text(ret, "\",\"rate\":\"~$.00\",");
	add_date(ret, rng, "open_date", 16);
	add_date(ret, rng, "close_date", 2);
	add_date(ret, rng, "statute_of_limitation_date", 2);
	add_tags(ret, rng);
	add_choice(ret, rng, "status", PICK(status), 16);
	add_users(ret, rng);
	add_custom_fields(ret, rng);
	add_times(ret, rng);
}

void task_text(struct buf *ret, uint64_t *rng)
{
	static const char *const status[] = {"NotCompleted", "InProgress", "Completed", "Conditional"};
	static const char *const priority[] = {"Low", "Medium", "High"};

	buf_add_text(ret, "{\"id\":\"~I\",");
	add_account_ref(ret, rng);
	if (CHANCE(8))
		buf_add_text(ret, "\"matter_ref\":null,");
	else
		buf_printf(ret, "\"matter_ref\":{\"id\":\"~M\",\"display_name\":\"%s v. %s\"},", PICK(LAST),
		    PICK(FIRM));
	add_users(ret, rng);
	if (CHANCE(2))
		buf_add_text(ret, "\"assigned_to_contacts\":[],");
	else
		buf_printf(ret, "\"assigned_to_contacts\":[{\"id\":\"~P\",\"display_name\":\"%s %s\"}],",
		    PICK(FIRST), PICK(LAST));
	buf_printf(ret, "\"subject\":\"%s %s %s\",\"notes\":\"", PICK(WORDS), PICK(WORDS), PICK(LAST));
	add_text(ret, rng, 25 + random_below(rng, 40));
	buf_add_text(ret, "\",");
	add_choice(ret, rng, "priority", PICK(priority), 8);
	add_choice(ret, rng, "status", PICK(status), 8);
	add_date(ret, rng, "due_date", 4);
	add_tags(ret, rng);
	buf_printf(ret, "\"is_billable\":%s", CHANCE(2) ? "true" : "false");
	add_times(ret, rng);
}

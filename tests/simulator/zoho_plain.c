// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "zoho.h"

/* Records of modules without a text of their own: each field gets a value of its kind. */

static const struct zoho_module *of;

static const char *const WORDS[] = {"renewal", "Q4 \\\"North\\\"", "caf\xc3\xa9", "\\u20ac 12", "pilot",
    "\xe6\x9d\xb1\xe4\xba\xac", "follow-up"};
static const char *const CHOICES[] = {"Not Started", "In Progress", "Delivered", "High", "Low"};
#define USER "{\"name\":\"Patricia Boyle\",\"id\":\"3652397000000186017\",\"email\":\"patricia@org.example\"}"

#define PICK(list) (list)[random_below(rng, ARRAY_SIZE(list))]

void zoho_plain_of(const struct zoho_module *module)
{
	of = module;
}

static bool is_null(uint64_t *rng, struct str name, char kind)
{
	return !strchr("nuTs", kind) && !str_is(name, of->name) && random_below(rng, 5) == 0;
}

static void add_time(struct buf *ret, struct str name, uint64_t *rng)
{
	if (str_is(name, "Created_Time"))
		buf_add_text(ret, "\"~T\"");
	else if (str_is(name, "Modified_Time"))
		buf_add_text(ret, "\"~V\"");
	else
		buf_printf(ret, "\"2026-%02u-%02uT09:30:00+05:30\"", 1 + random_below(rng, 12),
		    1 + random_below(rng, 28));
}

static void add_lookup(struct buf *ret, struct str name)
{
	const char *id = "3652397000000444001";

	if (str_is(name, "Account_Name") || str_is(name, "Account"))
		id = "~O";
	else if (str_is(name, "Contact_Name") || str_is(name, "Who_Id"))
		id = "~K";
	buf_printf(ret, "{\"name\":\"King (Sample)\",\"id\":\"%s\"}", id);
}

static void add_value(struct buf *ret, struct str name, char kind, uint64_t *rng)
{
	switch (kind) {
	case 'i':
		buf_printf(ret, "%u", random_below(rng, 5000));
		break;
	case 'd':
	case 'c':
		buf_printf(ret, "%u.%02u", random_below(rng, 90000), random_below(rng, 100));
		break;
	case 'b':
		buf_add_text(ret, random_below(rng, 2) ? "true" : "false");
		break;
	case 'D':
		buf_printf(ret, "\"2026-%02u-%02u\"", 1 + random_below(rng, 12), 1 + random_below(rng, 28));
		break;
	case 'T':
		add_time(ret, name, rng);
		break;
	case 'l':
		add_lookup(ret, name);
		break;
	case 'u':
		buf_add_text(ret, USER);
		break;
	case 'j':
		buf_add_text(
		    ret, random_below(rng, 2) ? "[]" : "[{\"name\":\"vip\",\"id\":\"3652397000000451001\"}]");
		break;
	case 'n':
		buf_add_text(ret, "\"3652397~n\"");
		break;
	case 's':
		buf_printf(ret, "\"rev-- ~R %s %s\"", PICK(WORDS), PICK(WORDS));
		break;
	case 'p':
		buf_printf(ret, "\"%s\"", PICK(CHOICES));
		break;
	default:
		buf_printf(ret, "\"%s\"", PICK(WORDS));
	}
}

void zoho_plain_text(struct buf *ret, uint64_t *rng)
{
	struct str rest = str_of(of->typed);
	struct str name;
	char kind;

	buf_add_text(ret, "{\"id\":\"~Z\"");
	while (zoho_field_next(&rest, &name, &kind)) {
		buf_printf(ret, ",\"%.*s\":", STR_ARG(name));
		if (is_null(rng, name, kind))
			buf_add_text(ret, "null");
		else
			add_value(ret, name, kind, rng);
	}
	buf_add_char(ret, '}');
}

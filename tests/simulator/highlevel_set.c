// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "highlevel.h"
#include "template.h"

#define DAY_S 86400
#define FIRST_DAYS_AGO 90
#define EVERY_S 1800
#define TIME_MAX INT64_C(4102444800)

static const struct {
	const char *key;
	size_t offset;
	int64_t min, max, value;
} NUMBERS[] = {
    {"first_at", offsetof(struct highlevel_settings, first_at_s), 0, TIME_MAX, 0},
    {"every", offsetof(struct highlevel_settings, every_s), 0, DAY_S, EVERY_S},
    {"rate_max", offsetof(struct highlevel_settings, rate_max), 0, INT32_MAX, 100},
    {"rate_ms", offsetof(struct highlevel_settings, rate_ms), 1, INT32_MAX, 10000},
    {"daily_max", offsetof(struct highlevel_settings, daily_max), 0, INT32_MAX, 200000},
};

static const struct {
	const char *key;
	size_t offset;
} FLAGS[] = {
    {"camel", offsetof(struct highlevel_settings, camel)},
    {"paused", offsetof(struct highlevel_settings, paused)},
    {"revoked", offsetof(struct highlevel_settings, revoked)},
    {"unscoped", offsetof(struct highlevel_settings, unscoped)},
};

static const char *const LOCATION_WORDS[] = {
    [LOCATION_SOMETIMES] = "sometimes", [LOCATION_ALWAYS] = "always", [LOCATION_NEVER] = "never"};

static int64_t *number_at(struct account *a, size_t k)
{
	return (int64_t *)((char *)&a->highlevel + NUMBERS[k].offset);
}

void highlevel_defaults(struct account *a)
{
	int64_t today_s = clock_unix_us() / 1000000 / DAY_S * DAY_S;

	for (size_t k = 0; k < ARRAY_SIZE(NUMBERS); k++)
		*number_at(a, k) = NUMBERS[k].value;
	a->highlevel.first_at_s = today_s - (int64_t)FIRST_DAYS_AGO * DAY_S;
}

static enum rc location_set(struct account *a, struct json_object *value, struct err *err)
{
	for (size_t k = 0; k < ARRAY_SIZE(LOCATION_WORDS); k++) {
		if (strcmp(json_object_get_string(value), LOCATION_WORDS[k]) != 0)
			continue;
		a->highlevel.location = (enum location_told)k;
		return RC_OK;
	}
	return err_set(err, RC_INVALID, "highlevel.location: sometimes, always or never");
}

static enum rc key_set(struct account *a, const char *key, struct json_object *value, struct err *err)
{
	int64_t n = json_object_get_int64(value);

	if (strcmp(key, "location") == 0)
		return location_set(a, value, err);
	for (size_t k = 0; k < ARRAY_SIZE(FLAGS); k++) {
		if (strcmp(FLAGS[k].key, key) != 0)
			continue;
		*(bool *)((char *)&a->highlevel + FLAGS[k].offset) = json_object_get_boolean(value);
		return RC_OK;
	}
	for (size_t k = 0; k < ARRAY_SIZE(NUMBERS); k++) {
		if (strcmp(NUMBERS[k].key, key) != 0)
			continue;
		if (!json_object_is_type(value, json_type_int) || n < NUMBERS[k].min || n > NUMBERS[k].max)
			return err_set(err, RC_INVALID,
			    "highlevel.%s: a whole number from %" PRId64 " to %" PRId64, key, NUMBERS[k].min,
			    NUMBERS[k].max);
		*number_at(a, k) = n;
		a->generation++;
		return RC_OK;
	}
	return err_set(err, RC_INVALID,
	    "highlevel.%s: unknown; there are first_at, every, rate_max, rate_ms, daily_max, camel, paused, "
	    "revoked, unscoped, location",
	    key);
}

enum rc highlevel_set(struct account *a, struct json_object *json, struct err *err)
{
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, RC_INVALID, "highlevel: an object of settings");
	json_object_object_foreach(json, key, value)
	{
		if (key_set(a, key, value, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

int64_t highlevel_made_s(const struct account *a, uint64_t i)
{
	return a->highlevel.first_at_s + (int64_t)i * a->highlevel.every_s;
}

/* ---- identifiers ---- */

static void put_hex(char *at, size_t width, uint64_t value)
{
	static const char digits[] = "0123456789abcdef";

	while (width--) {
		at[width] = digits[value & 15];
		value >>= 4;
	}
}

/* Eight digits for the index, then chance. */
void highlevel_id(const struct account *a, char kind, uint64_t i, char *ret)
{
	put_hex(ret, 8, UINT64_C(0x65000000) + i);
	put_hex(ret + 8, 16, mix(a->salt ^ (uint64_t)(unsigned char)kind << 56 ^ i));
}

bool highlevel_id_index(const struct account *a, struct str id, uint64_t *ret)
{
	char text[9] = "";
	char expected[HIGHLEVEL_ID_LEN];

	if (id.n != HIGHLEVEL_ID_LEN)
		return false;
	memcpy(text, id.p, 8);
	*ret = strtoul(text, NULL, 16) - 0x65000000;
	highlevel_id(a, 'h', *ret, expected);
	return memcmp(id.p, expected, sizeof expected) == 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "zoho_set.h"

static const struct {
	const char *key;
	size_t offset;
	int64_t min, max, value;
} SETTINGS[] = {
    {"utc_offset", offsetof(struct zoho_settings, utc_offset_s), -43200, 50400, 0},
    {"page_cap", offsetof(struct zoho_settings, page_cap), 1, INT32_MAX, 2000},
    {"token_cap", offsetof(struct zoho_settings, token_cap), 1, INT32_MAX, 100000},
    {"page_token_life", offsetof(struct zoho_settings, page_token_life_s), 0, 86400, 86400},
    {"tokens_max", offsetof(struct zoho_settings, tokens_max), 0, GRANTS_MAX, 10},
    {"tokens_window", offsetof(struct zoho_settings, tokens_window_s), 1, 86400, 600},
};

/* Organisations are all over the world. */
static const int64_t OFFSETS[] = {19800, -25200, 7200, 0};

static int64_t *setting_at(struct account *a, size_t k)
{
	return (int64_t *)((char *)&a->zoho + SETTINGS[k].offset);
}

void zoho_defaults(struct account *a)
{
	for (size_t k = 0; k < ARRAY_SIZE(SETTINGS); k++)
		*setting_at(a, k) = SETTINGS[k].value;
	a->zoho.utc_offset_s = OFFSETS[a->number % ARRAY_SIZE(OFFSETS)];
	str_copy(a->zoho.data_centre, sizeof a->zoho.data_centre, "com");
}

static enum rc number_set(struct account *a, const char *key, struct json_object *value, struct err *err)
{
	int64_t n = json_object_get_int64(value);
	size_t k = 0;

	while (k < ARRAY_SIZE(SETTINGS) && strcmp(SETTINGS[k].key, key) != 0)
		k++;
	if (k == ARRAY_SIZE(SETTINGS))
		return err_set(err, RC_INVALID,
		    "zoho.%s: unknown; there are utc_offset, page_cap, token_cap, page_token_life, "
		    "tokens_max, "
		    "tokens_window, revoked, data_centre, hidden",
		    key);
	if (!json_object_is_type(value, json_type_int) || n < SETTINGS[k].min || n > SETTINGS[k].max)
		return err_set(err, RC_INVALID, "zoho.%s: a whole number from %" PRId64 " to %" PRId64, key,
		    SETTINGS[k].min, SETTINGS[k].max);
	*setting_at(a, k) = n;
	return RC_OK;
}

enum rc zoho_set(struct account *a, struct json_object *json, struct err *err)
{
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, RC_INVALID, "zoho: an object of settings");
	json_object_object_foreach(json, key, value)
	{
		if (strcmp(key, "revoked") == 0)
			a->zoho.revoked = json_object_get_boolean(value);
		else if (strcmp(key, "data_centre") == 0)
			str_copy(
			    a->zoho.data_centre, sizeof a->zoho.data_centre, json_object_get_string(value));
		else if (strcmp(key, "hidden") == 0)
			str_copy(a->zoho.hidden, sizeof a->zoho.hidden, json_object_get_string(value));
		else if (number_set(a, key, value, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

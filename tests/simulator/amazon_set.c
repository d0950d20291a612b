// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon_set.h"

enum form { FORM_NUMBER, FORM_FLAG };

static const struct {
	const char *key;
	size_t offset;
	int64_t max, value;
	enum form form;
} SETTINGS[] = {
    {"days", offsetof(struct amazon_settings, days), 700, 90, FORM_NUMBER},
    {"step", offsetof(struct amazon_settings, step_s), 86400, 3600, FORM_NUMBER},
    {"backdate", offsetof(struct amazon_settings, backdate_s), INT64_C(86400) * 700, 0, FORM_NUMBER},
    {"orders_token_life", offsetof(struct amazon_settings, life_s[AMAZON_ORDERS]), 86400, 86400, FORM_NUMBER},
    {"items_token_life", offsetof(struct amazon_settings, life_s[AMAZON_ITEMS]), 86400, 86400, FORM_NUMBER},
    {"finances_token_life", offsetof(struct amazon_settings, life_s[AMAZON_FINANCES]), 86400, 180,
        FORM_NUMBER},
    {"transactions_token_life", offsetof(struct amazon_settings, life_s[AMAZON_TRANSACTIONS]), 86400, 300,
        FORM_NUMBER},
    {"inventory_token_life", offsetof(struct amazon_settings, life_s[AMAZON_INVENTORY]), 86400, 30,
        FORM_NUMBER},
    {"silent_tokens", offsetof(struct amazon_settings, silent_tokens), 1, 0, FORM_FLAG},
    {"empty_every", offsetof(struct amazon_settings, empty_every), INT32_MAX, 0, FORM_NUMBER},
    {"usage_plans", offsetof(struct amazon_settings, usage_plans), 1, 0, FORM_FLAG},
    {"texts", offsetof(struct amazon_settings, texts), 1, 0, FORM_FLAG},
    {"buyers", offsetof(struct amazon_settings, buyers), 1, 0, FORM_FLAG},
    {"revoked", offsetof(struct amazon_settings, revoked), 1, 0, FORM_FLAG},
    {"deferred_released", offsetof(struct amazon_settings, deferred_released), 1, 0, FORM_FLAG},
    {"safet_cents", offsetof(struct amazon_settings, safet_cents), INT64_C(100000000000), 0, FORM_NUMBER},
};

static int64_t *setting_at(struct account *a, size_t k)
{
	return (int64_t *)((char *)&a->amazon + SETTINGS[k].offset);
}

void amazon_defaults(struct account *a)
{
	for (size_t k = 0; k < ARRAY_SIZE(SETTINGS); k++)
		*setting_at(a, k) = SETTINGS[k].value;
}

static enum rc one_set(struct account *a, const char *key, struct json_object *value, struct err *err)
{
	size_t k = 0;

	while (k < ARRAY_SIZE(SETTINGS) && strcmp(SETTINGS[k].key, key) != 0)
		k++;
	if (k == ARRAY_SIZE(SETTINGS))
		return err_set(err, RC_INVALID, "amazon.%s: unknown; README.md lists them", key);
	bool flag = SETTINGS[k].form == FORM_FLAG;
	int64_t n = flag ? json_object_get_boolean(value) : json_object_get_int64(value);
	if (!json_object_is_type(value, flag ? json_type_boolean : json_type_int) || n < 0 ||
	    n > SETTINGS[k].max)
		return err_set(
		    err, RC_INVALID, flag ? "amazon.%s: true or false" : "amazon.%s: a whole number", key);
	*setting_at(a, k) = n;
	return RC_OK;
}

enum rc amazon_set(struct account *a, struct json_object *json, struct err *err)
{
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, RC_INVALID, "amazon: an object of settings");
	json_object_object_foreach(json, key, value)
	{
		if (one_set(a, key, value, err) != RC_OK)
			return err->rc;
	}
	a->generation++;
	return RC_OK;
}

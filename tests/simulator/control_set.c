// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon_set.h"
#include "control.h"
#include "dial.h"
#include "google_state.h"
#include "highlevel.h"
#include "limit.h"
#include "zoho_set.h"

#include <json-c/json.h>
#include <math.h>

#define BULK_MAX 1000000
#define SKEW_MAX_S 86400

static void json_put_ptr(struct json_object **json)
{
	json_object_put(*json);
}

/* The request's body, or NULL and an answer. */
static struct json_object *body_read(struct simulator *sim, struct exchange *ex, enum json_type type)
{
	struct json_tokener *tokener = json_tokener_new();

	if (!tokener)
		abort();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	struct json_object *json = json_tokener_parse_ex(tokener, ex->req.body.p, (int)ex->req.body.n);
	json_tokener_free(tokener);
	if (json && json_object_is_type(json, type))
		return json;
	json_object_put(json);
	answer_error(sim, ex, 400,
	    type == json_type_array ? "the body must be a JSON array" : "the body must be a JSON object");
	return NULL;
}

static enum rc number_read(
    struct json_object *value, const char *key, int64_t max, int64_t *ret, struct err *err)
{
	int64_t number = json_object_get_int64(value);

	if (!json_object_is_type(value, json_type_int) || number < 0 || number > max)
		return err_set(err, RC_INVALID, "%s: a whole number from 0 to %" PRId64, key, max);
	*ret = number;
	return RC_OK;
}

static enum rc records_set(
    struct simulator *sim, struct account *a, struct json_object *json, struct err *err)
{
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, RC_INVALID, "records: an object of resource and count");
	json_object_object_foreach(json, name, value)
	{
		int64_t n = 0;

		if (number_read(value, name, INT32_MAX, &n, err) != RC_OK)
			return err_prefix(err, "records");
		struct resource *r = resource_get(&sim->accounts, a, str_of(name));
		if (resource_resize(a, r, (uint64_t)n, err) != RC_OK)
			return err->rc;
	}
	return RC_OK;
}

/* Exactly the records at these indexes are gone. */
static void removed_list(struct account *a, struct resource *r, struct json_object *list)
{
	size_t n = json_object_array_length(list);

	for (size_t k = r->removed_n; k-- > 0;) {
		size_t at = 0;

		while (
		    at < n && json_object_get_int64(json_object_array_get_idx(list, at)) != r->removed[k].i)
			at++;
		if (at == n)
			resource_restore(a, r, r->removed[k].i);
	}
	for (size_t k = 0; k < n; k++)
		resource_remove(a, r, (uint64_t)json_object_get_int64(json_object_array_get_idx(list, k)));
}

static enum rc removed_set(
    struct simulator *sim, struct account *a, struct json_object *json, struct err *err)
{
	if (!json_object_is_type(json, json_type_object))
		return err_set(err, RC_INVALID, "removed: an object of resource and indexes");
	json_object_object_foreach(json, name, value)
	{
		int64_t i = 0;

		if (!json_object_is_type(value, json_type_array))
			return err_set(err, RC_INVALID, "removed.%s: an array of indexes", name);
		for (size_t k = 0; k < json_object_array_length(value); k++)
			if (number_read(json_object_array_get_idx(value, k), name, INT32_MAX, &i, err) !=
			    RC_OK)
				return err_prefix(err, "removed");
		removed_list(a, resource_get(&sim->accounts, a, str_of(name)), value);
	}
	return RC_OK;
}

static enum rc skew_set(struct json_object *json, struct account *a, struct err *err)
{
	int64_t skew = json_object_get_int64(json);

	if (!json_object_is_type(json, json_type_int) || skew < -SKEW_MAX_S || skew > SKEW_MAX_S)
		return err_set(err, RC_INVALID, "clock_skew: seconds, a day either way at most");
	a->clock_skew_s = skew;
	return RC_OK;
}

struct setting {
	struct simulator *sim;
	struct account *account;
	struct revision revision; /* what version, changed_share and changed_at ask for */
};

static enum rc share_read(struct json_object *value, struct revision *ret, struct err *err)
{
	double share = json_object_get_double(value);

	if (!(share >= 0 && share <= 1))
		return err_set(err, RC_INVALID, "changed_share: a number from 0 to 1");
	ret->every = share > 0 ? (uint32_t)MIN(lround(1 / share), INT32_MAX) : 0;
	return RC_OK;
}

static enum rc key_set(struct setting *set, const char *key, struct json_object *value, struct err *err)
{
	int64_t n = 0;

	if (strcmp(key, "records") == 0)
		return records_set(set->sim, set->account, value, err);
	if (strcmp(key, "dials") == 0)
		return dials_add(set->account, value, err);
	if (strcmp(key, "limits") == 0)
		return limits_set(&set->account->limits, value, err);
	if (strcmp(key, "latency_ms") == 0)
		return number_read(value, key, 3600000, &set->account->latency_ms, err);
	if (strcmp(key, "expires_in") == 0)
		return number_read(value, key, INT32_MAX, &set->account->expires_in_s, err);
	if (strcmp(key, "removed") == 0)
		return removed_set(set->sim, set->account, value, err);
	if (strcmp(key, "clock_skew") == 0)
		return skew_set(value, set->account, err);
	if (strcmp(key, "zoho") == 0)
		return zoho_set(set->account, value, err);
	if (strcmp(key, "google") == 0)
		return google_set(set->sim, set->account, value, err);
	if (strcmp(key, "amazon") == 0)
		return amazon_set(set->account, value, err);
	if (strcmp(key, "highlevel") == 0)
		return highlevel_set(set->account, value, err);
	if (strcmp(key, "changed_at") == 0)
		return number_read(value, key, INT64_C(4102444800), &set->revision.changed_s, err);
	if (strcmp(key, "changed_share") == 0)
		return share_read(value, &set->revision, err);
	if (strcmp(key, "version") != 0)
		return err_set(err, RC_INVALID,
		    "%s: unknown; there are records, removed, latency_ms, clock_skew, expires_in, version, "
		    "changed_share, changed_at, dials, limits, zoho, google, amazon, highlevel",
		    key);
	if (number_read(value, key, 9999, &n, err) != RC_OK)
		return err->rc;
	set->revision.number = (uint32_t)n;
	return RC_OK;
}

static bool is_bulk_key(const char *key)
{
	return strcmp(key, "prefix") == 0 || strcmp(key, "from") == 0 || strcmp(key, "to") == 0;
}

static enum rc account_apply(
    struct simulator *sim, struct str name, struct json_object *json, bool bulk, struct err *err)
{
	struct setting set = {.sim = sim, .revision = {.every = 1}};

	if (!account_name_ok(name))
		return err_set(err, RC_INVALID, "account: up to %d of A-Z a-z 0-9 _ . @ -", ACCOUNT_NAME_MAX);
	set.account = account_get(&sim->accounts, name);
	json_object_object_foreach(json, key, value)
	{
		if (!(bulk && is_bulk_key(key)) && key_set(&set, key, value, err) != RC_OK)
			return err->rc;
	}
	if (set.revision.number && !set.revision.changed_s)
		set.revision.changed_s = account_now_s(set.account);
	if (set.revision.number && account_revise(set.account, &set.revision, err) != RC_OK)
		return err->rc;
	if (set.account->google)
		google_of(sim, set.account); /* each call's changes for themselves, in their order */
	return RC_OK;
}

void control_account_set(struct simulator *sim, struct exchange *ex)
{
	AUTO(json_put_ptr) struct json_object *json = body_read(sim, ex, json_type_object);
	struct err err;

	if (!json)
		return;
	if (account_apply(sim, ex->args[0], json, false, &err) != RC_OK)
		answer_error(sim, ex, 400, err.text);
	else
		control_account_get(sim, ex);
}

void control_accounts_set(struct simulator *sim, struct exchange *ex)
{
	AUTO(json_put_ptr) struct json_object *json = body_read(sim, ex, json_type_object);
	struct json_object *prefix = NULL;
	struct err err;

	if (!json)
		return;
	int64_t from = json_object_get_int64(json_object_object_get(json, "from"));
	int64_t to = json_object_get_int64(json_object_object_get(json, "to"));
	if (!json_object_object_get_ex(json, "prefix", &prefix) || from < 0 || to < from ||
	    to - from >= BULK_MAX) {
		answer_error(sim, ex, 400, "prefix, from and to (a million accounts at most) are needed");
		return;
	}
	for (int64_t i = from; i <= to; i++) {
		AUTO(mem_free_ptr) char *name = mem_printf("%s%" PRId64, json_object_get_string(prefix), i);

		if (account_apply(sim, str_of(name), json, true, &err) != RC_OK) {
			answer_error(sim, ex, 400, err.text);
			return;
		}
	}
	answer_printf(sim, ex, 200, "{\"accounts\":%" PRId64 "}\n", to - from + 1);
}

void control_limits_set(struct simulator *sim, struct exchange *ex)
{
	AUTO(json_put_ptr) struct json_object *json = body_read(sim, ex, json_type_array);
	struct err err;

	if (!json)
		return;
	if (limits_set(&sim->limits, json, &err) != RC_OK)
		answer_error(sim, ex, 400, err.text);
	else
		control_limits_get(sim, ex);
}

void control_dials_add(struct simulator *sim, struct exchange *ex)
{
	struct account *a = account_find(&sim->accounts, ex->args[0]);
	struct err err;

	if (!a) {
		control_account_get(sim, ex);
		return;
	}
	AUTO(json_put_ptr) struct json_object *json = body_read(sim, ex, json_type_array);
	if (!json)
		return;
	if (dials_add(a, json, &err) != RC_OK)
		answer_error(sim, ex, 400, err.text);
	else
		control_account_get(sim, ex);
}

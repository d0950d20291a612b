// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "hooks.h"

#define ENTRY_MAX (8u << 20)
#define ENTRY_DEPTH 16

/*
 * users.history.list: an entry holds a list for each kind of change, and a `messages` that repeats them all
 * without saying what happened. Only permanent deletions are in messagesDeleted: the bin is a label.
 * https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.history/list
 */
static const struct kind {
	const char *name;
	bool gone;
} kinds[] = {
    {"messagesAdded", false},
    {"labelsAdded", false},
    {"labelsRemoved", false},
    {"messagesDeleted", true},
};

static enum rc one_change(struct json_object *change, bool gone, hook_change_fn *fn, void *user)
{
	struct json_object *message = NULL;
	struct json_object *id = NULL;
	if (!json_object_object_get_ex(change, "message", &message) ||
	    !json_object_is_type(message, json_type_object) ||
	    !json_object_object_get_ex(message, "id", &id) || !json_object_is_type(id, json_type_string) ||
	    !json_object_get_string_len(id))
		return RC_INVALID;
	return fn(
	    user, (struct str){json_object_get_string(id), (size_t)json_object_get_string_len(id)}, gone);
}

static enum rc changes_of_kind(
    struct json_object *entry, const struct kind *kind, hook_change_fn *fn, void *user)
{
	struct json_object *list = NULL;
	enum rc rc = RC_OK;
	if (!json_object_object_get_ex(entry, kind->name, &list) || !list)
		return RC_OK;
	if (!json_object_is_type(list, json_type_array))
		return RC_INVALID;
	for (size_t i = 0; !rc && i < json_object_array_length(list); i++) {
		struct json_object *change = json_object_array_get_idx(list, i);
		rc = json_object_is_type(change, json_type_object) ? one_change(change, kind->gone, fn, user)
		                                                   : RC_INVALID;
	}
	return rc;
}

static enum rc changes(struct str text, hook_change_fn *fn, void *user)
{
	AUTO(json_put_ptr) json_object *entry = NULL;
	if (json_parse(text, ENTRY_MAX, ENTRY_DEPTH, &entry, NULL) ||
	    !json_object_is_type(entry, json_type_object))
		return RC_INVALID;
	enum rc rc = RC_OK;
	for (size_t i = 0; !rc && i < ARRAY_SIZE(kinds); i++)
		rc = changes_of_kind(entry, &kinds[i], fn, user);
	return rc;
}

const struct hook hook_gmail_history = {.name = "gmail_history", .changes = changes};

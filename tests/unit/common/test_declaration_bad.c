// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>

#include "sync/declaration.h"

#define FOLDER "tests/fixtures/declarations/bad"

/* Each file has one mistake: where it is reported, and how the text begins after the line. */
static const struct {
	const char *file;
	int line;
	const char *text;
} cases[] = {
    {"syntax", 1, "syntax error"},
    {"duplicate_key", 2, "duplicate setting name"},
    {"unknown_key", 3, "rate: unknown key; allowed are: name, title, base_url, auth"},
    {"unknown_nested_key", 13,
        "resources[0].paging.pagesize: unknown key; allowed are: strategy, size, first"},
    {"missing_key", 6, "resources[0]: the key \"table\" is missing"},
    {"missing_provider_key", 1, "the key \"base_url\" is missing"},
    {"wrong_type", 7, "resources[0].name: has to be text in quotes"},
    {"wrong_type_bool", 11, "resources[0].keep_payload: has to be true or false"},
    {"wrong_type_number", 13, "resources[0].paging.size: has to be a whole number"},
    {"wrong_type_group", 3, "auth: has to be a group"},
    {"wrong_type_list", 12, "resources[0].id: has to be a list of texts"},
    {"wrong_type_groups", 5, "resources[0]: has to be a group"},
    {"number_range", 13, "resources[0].paging.size: 0 is not allowed; it has to be within 1 and 100000"},
    {"status_range", 4, "verdicts[0].status[1]: 99 is not allowed; it has to be within 100 and 599"},
    {"unknown_word", 13,
        "resources[0].paging.strategy: \"cursors\" is not allowed; it has to be one of: none, offset, page, "
        "key, cursor, link, sync_token, history"},
    {"unknown_class", 4,
        "verdicts[0].class: \"tokens\" is not allowed; it has to be one of: ok, transient, throttled, token, "
        "auth, cursor, cap, stalled, permanent, empty"},
    {"unknown_variable", 10,
        "resources[0].params[0].value: unknown variable ${curser}; known are connection.external_id"},
    {"open_variable", 10, "has no closing brace"},
    {"bad_name", 8, "resources[0].table: \"Bad Things\" is no identifier; allowed are [a-z_][a-z0-9_]*"},
    {"sql_in_name", 15, "resources[0].columns[0].name: \"title; drop table x\" is no identifier"},
    {"reserved_column", 15, "resources[0].columns[0].name: \"synced_at\" is a column that every table has"},
    {"repeated_column", 16, "resources[0].columns[1].name: there is a column \"title\" already"},
    {"column_without_path", 16, "resources[0].columns[1].path: may not be empty"},
    {"column_time", 15, "resources[0].columns[0].time: is for columns of type timestamp only"},
    {"column_length", 16, "resources[0].columns[1].max_length: is for columns of type text only"},
    {"no_identity", 6, "resources[0]: has to name the paths of the record"},
    {"path", 9, "resources[0].path: has to begin with /"},
    {"base_url", 2, "base_url: has to begin with https://"},
    {"origin", 2, "origin_setting: needs the key \"origin_hosts\""},
    {"header_name", 10, "resources[0].params[0].name: \"X Y\" is no name of a header"},
    {"header_break", 10, "resources[0].params[1].value: may not hold a line break"},
    {"paging_no_parameter", 13,
        "resources[0].paging.strategy: no parameter holds ${cursor}, so every page would be the first"},
    {"paging_no_next", 13, "resources[0].paging: the key \"next\" or \"next_header\" is missing"},
    {"paging_stop", 13, "resources[0].paging.stop: more_flag needs the key \"more\""},
    {"incremental_no_parameter", 14, "resources[0].incremental: no parameter holds ${since}"},
    {"incremental_field", 14, "resources[0].incremental.field: \"title\" is no column of type timestamp"},
    {"deletion_id", 15, "resources[0].deletion.id: has 2 paths, but the records' identity has 1"},
    {"deletion_paging", 15, "resources[0].deletion.paging.strategy: no parameter holds ${page.number}"},
    {"cap_no_way", 12, "resources[0].paging.cap_action: by_key needs the group \"beyond\""},
    {"beyond_no_cap", 13, "resources[0].beyond: is for a paging with cap_action = \"by_key\""},
    {"beyond_strategy", 13, "resources[0].beyond.paging.strategy: only key leads beyond a cap"},
    {"beyond_key", 13,
        "resources[0].beyond.paging.key: the strategy key needs a path of the identity or of a column"},
    {"beyond_no_parameter", 13, "resources[0].beyond.paging.strategy: no parameter holds ${after}"},
    {"deletion_since", 14, "resources[0].deletion.strategy: feed needs the group \"incremental\""},
    {"parent", 14, "resources[0].parent.resource: there is no resource \"nothing\""},
    {"deletion_complete", 14, "resources[0].deletion.complete: is for the strategy field"},
    {"resource_url", 14, "resources[0].base_url: has to begin with https://"},
    {"batch_item", 14, "resources[0].batch.item: does not hold ${item.id}"},
    {"batch_variable", 14, "resources[0].batch.item: of an item only its id is known"},
    {"batch_id", 14, "resources[0].batch: is for identities of one path"},
    {"history_none", 13, "resources[0].paging.strategy: history needs the group \"history\""},
    {"history_alone", 14, "resources[0].history: needs the keys \"batch\" and \"hook\""},
    {"history_token", 14, "resources[0].history.params: no parameter holds ${sync_token}"},
    {"deletion", 14, "resources[0].deletion.strategy: feed needs the keys \"path\" and \"id\""},
    {"verdict_for_all", 4, "verdicts[0]: the rule holds for everything"},
    {"verdict_no_path", 4, "verdicts[0]: equals and present need the key \"path\""},
    {"limit_resource", 4, "limits[0].resources: there is no resource \"other\""},
    {"limit_scope", 4,
        "limits[0].scope[0]: \"seller\" is not allowed; it has to be one of: app, connection, operation"},
    {"limit_count", 4, "limits[0].count: has to be above 0"},
    {"oauth_no_url", 3, "auth: oauth2 needs the key \"token_url\""},
    {"data_centre", 2, "base_url: ${dc.host} needs the key \"data_centres\""},
    {"data_centre_variable", 2, "base_url: the data centre \"eu\" has no variable \"host\""},
    {"ask_repeated", 8, "asks[1].name: there is an ask \"who\" already"},
    {"ask_body", 6, "asks[0].body_json: is no JSON document, with or without its variables"},
    {"ask_body_get", 6, "asks[0].body_json: only a POST has a body"},
    {"ask_variable", 5, "resources[0].path: ${ask.<name>} is for asks"},
    {"ask_path", 6, "asks[0].path: has to begin with /"},
    {"ask_resource", 5, "resources[0].name: names that begin with ask_ are those of asks"},
    {"repeated_resource", 20, "resources[1].name: there is a resource \"things\" already"},
    {"repeated_table", 21, "resources[1].table: the resource \"things\" has that table"},
    {"no_resources", 5, "resources: at least one resource is needed"},
    {"parent_key", 9, "resources[0].path: ${parent.b} is none of the parent's keys"},
    {"parent_neither", 14, "resources[0].parent: needs one of the keys \"resource\" and \"setting\""},
    {"parent_itself", 14, "resources[0].parent.resource: the resource would be its own parent"},
    {"parent_setting_changed", 14,
        "resources[0].parent.changed_only: is for parents that are another resource's records"},
    {"parent_path", 17, "resources[0].columns[1].path: ${parent.b} is none of the parent's keys"},
    {"window_min", 14, "resources[0].window.min_s: is more than step_s"},
    {"window_replace", 14, "resources[0].window.replace: is for records without an identity"},
    {"position_alone", 12, "resources[0].identity: position needs the group \"window\" with replace = true"},
    {"shrink_alone", 13, "resources[0].paging.cap_action: shrink_window needs the group \"window\""},
};

static void says_file_line_key_and_what_is_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char file[128], expected[512];
		struct registry *reg = NULL;
		struct err err = {0};
		snprintf(file, sizeof file, FOLDER "/%s.cfg", cases[i].file);
		if (registry_load_file(file, &reg, &err) != RC_INVALID)
			fail_msg("%s was not refused", file);
		snprintf(expected, sizeof expected, "%s:%d: ", file, cases[i].line);
		if (!str_starts(str_of(err.text), str_of(expected)) || !strstr(err.text, cases[i].text))
			fail_msg("expected %s%s\n     got %s", expected, cases[i].text, err.text);
		assert_null(reg);
	}
}

static void every_file_is_in_the_table(void **state)
{
	(void)state;
	struct dirent **entries = NULL;
	int n = scandir(FOLDER, &entries, NULL, alphasort);
	int files = 0;
	for (int i = 0; i < n; i++) {
		files += entries[i]->d_name[0] != '.';
		free(entries[i]);
	}
	free(entries);
	assert_int_equal(files, ARRAY_SIZE(cases));
}

static void a_folder_is_refused_for_one_bad_file(void **state)
{
	(void)state;
	struct registry *reg = NULL;
	struct err err = {0};
	assert_int_equal(registry_load(FOLDER, &reg, &err), RC_INVALID);
	assert_null(reg);
	assert_int_equal(registry_load("tests/fixtures/nowhere", &reg, &err), RC_NOT_FOUND);
	assert_int_equal(registry_load("tests/unit/common", &reg, &err), RC_NOT_FOUND);
	assert_non_null(strstr(err.text, "there is no declaration"));
	assert_int_equal(registry_load_file("tests/fixtures/nowhere.cfg", &reg, &err), RC_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_file_line_key_and_what_is_allowed),
	    cmocka_unit_test(every_file_is_in_the_table),
	    cmocka_unit_test(a_folder_is_refused_for_one_bad_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

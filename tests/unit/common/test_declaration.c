// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"

#include <setjmp.h>
#include <cmocka.h>

#include "sync/declaration.h"

#define SHIPPED "common/providers"
#define FIXTURES "tests/fixtures/declarations"

static struct registry *load(const char *dir)
{
	struct registry *reg = NULL;
	struct err err = {0};
	if (registry_load(dir, &reg, &err))
		fail_msg("%s", err.text);
	return reg;
}

static const struct resource *find(const struct registry *reg, const char *provider, const char *resource)
{
	const struct provider *p = registry_find_provider(reg, str_of(provider));
	assert_non_null(p);
	const struct resource *r = provider_find_resource(p, str_of(resource));
	assert_non_null(r);
	return r;
}

static void a_folder_becomes_a_registry_in_order_of_names(void **state)
{
	(void)state;
	static const char *const names[] = {"acme", "unruled"};
	struct registry *reg = load(FIXTURES);
	assert_int_equal(registry_count(reg), ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(registry_at(reg, i)->name, names[i]);
	assert_null(registry_find_provider(reg, STR("nobody")));
	assert_null(provider_find_resource(registry_at(reg, 0), STR("nothing")));
	registry_free(reg);
	registry_free(NULL);
}

static void practicepanther_is_as_documented(void **state)
{
	(void)state;
	struct registry *reg = load(SHIPPED);
	const struct resource *contacts = find(reg, "practicepanther", "contacts");
	const struct provider *p = contacts->provider;
	assert_int_equal(p->resources.n, 3);
	assert_true(p->auth.rotating);
	assert_int_equal(p->auth.kind, AUTH_OAUTH2);
	assert_int_equal(p->auth.body, BODY_FORM);
	assert_string_equal(p->auth.expires_in.at[0], "expires_in");
	assert_string_equal(contacts->records, "");
	assert_string_equal(contacts->table, "practicepanther_contacts");
	assert_string_equal(contacts->operation, "contacts");
	assert_true(contacts->keep_payload);
	assert_true(contacts->paging.guard);
	assert_int_equal(contacts->incremental.watermark, WATERMARK_WALK_START);
	for (size_t i = 0; i < contacts->columns.n; i++)
		assert_string_not_equal(contacts->columns.at[i].name, "updated_at");
	const struct resource *tasks = find(reg, "practicepanther", "tasks");
	assert_int_equal(tasks->columns.at[tasks->columns.n - 1].time, TIME_NAIVE_UTC);
	registry_free(reg);
}

static void columns_come_in_the_order_of_copy(void **state)
{
	(void)state;
	struct registry *reg = load(SHIPPED);
	AUTO(buf_done) struct buf out = BUF(4096);
	resource_column_list(find(reg, "bench", "contacts"), &out);
	assert_string_equal(buf_text(&out),
	    "connection_id, tenant_id, id, name, email, status, amount, created_at, "
	    "updated_at, address, tags, notes, content_hash");
	buf_clear(&out);
	resource_column_list(find(reg, "practicepanther", "tasks"), &out);
	assert_string_equal(buf_text(&out),
	    "connection_id, tenant_id, id, account_id, account_name, matter_id, "
	    "matter_name, subject, notes, priority, status, due_date, created_at, "
	    "updated_at, payload, content_hash");
	registry_free(reg);
}

static void google_is_one_grant_for_two_apis(void **state)
{
	(void)state;
	struct registry *reg = load(SHIPPED);
	const struct resource *messages = find(reg, "google", "messages");
	const struct resource *events = find(reg, "google", "events");
	assert_false(messages->provider->auth.rotating);
	assert_string_equal(messages->hook, "gmail_history");
	assert_int_equal(messages->batch.max_parts, 50);
	assert_int_equal(messages->batch.cost, 20);
	assert_int_equal(messages->cost, 5);
	assert_int_equal(messages->base_url.n, 1);
	assert_non_null(messages->list[PHASE_START].plan);
	assert_non_null(messages->list[PHASE_CHANGES].plan);
	assert_non_null(messages->list[PHASE_PARTS].plan);
	assert_int_equal(events->base_url.n, 0);
	assert_int_equal(events->batch.cost, 1);
	assert_null(events->list[PHASE_PARTS].plan);
	assert_int_equal(events->deletion.strategy, DELETION_FIELD);
	assert_true(events->deletion.complete);
	assert_string_equal(events->parent.resource, "calendars");
	registry_free(reg);
}

static void amazon_is_as_documented(void **state)
{
	static const struct {
		const char *versions;
		size_t resources;
		const char *limit, *orders, *events_table;
	} cases[] = {
	    {"", 4, "orders", "/orders/v0/orders", "amazon_financial_events"},
	    {"amazon.orders=2026-01-01,amazon.financial_events=2024-06-19", 3, "orders_2026",
	        "/orders/2026-01-01/orders", "amazon_transactions"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct registry *reg = NULL;
		struct err err = {0};
		if (registry_load_versions(SHIPPED, cases[i].versions, &reg, &err))
			fail_msg("%s", err.text);
		const struct resource *orders = find(reg, "amazon", "orders");
		const struct limit *l = &orders->provider->limits.at[0];
		assert_int_equal(orders->provider->resources.n, cases[i].resources);
		assert_string_equal(l->name, cases[i].limit);
		assert_int_equal(l->scope, SCOPE_CONNECTION | SCOPE_OPERATION);
		assert_int_equal(l->burst, 20);
		assert_string_equal(l->header_rate, "x-amzn-RateLimit-Limit");
		assert_int_equal(orders->incremental.watermark, WATERMARK_ENVELOPE);
		assert_true(str_is(orders->path.part[0].text, cases[i].orders));
		assert_int_equal(find(reg, "amazon", "inventory")->paging.cursor_life_s, 30);
		assert_string_equal(find(reg, "amazon", "financial_events")->table, cases[i].events_table);
		registry_free(reg);
	}
}

static void zoho_is_as_documented(void **state)
{
	(void)state;
	struct registry *reg = load(SHIPPED);
	const struct resource *leads = find(reg, "zoho", "leads");
	const struct provider *p = leads->provider;
	assert_int_equal(p->resources.n, 18);
	assert_int_equal(leads->deletion.paging.strategy, PAGING_PAGE);
	assert_int_equal(leads->deletion.paging.first, 1);
	assert_int_equal(leads->paging.cap_action, CAP_BY_KEY);
	assert_int_equal(leads->key_field, 0);
	assert_true(leads->by_keys);
	assert_ptr_equal(leads->list[PHASE_BY_KEY].paging, &leads->beyond.paging);
	assert_int_equal(leads->list[PHASE_BY_KEY].method, METHOD_POST);
	assert_string_equal(leads->list[PHASE_BY_KEY].records, "data");
	assert_ptr_equal(leads->list[PHASE_DELETED].paging, &leads->deletion.paging);
	for (size_t i = 0; i <= PHASE_DELETED; i++)
		assert_non_null(leads->list[i].plan);
	assert_int_equal(p->auth.expires_in_unit, DURATION_AUTO);
	assert_false(p->auth.rotating);
	assert_int_equal(p->data_centres.n, 8);
	assert_non_null(provider_find_data_centre(p, STR("eu")));
	assert_null(provider_find_data_centre(p, STR("mars")));
	registry_free(reg);
}

static void defaults_fit_the_strategy(void **state)
{
	(void)state;
	struct registry *reg = load(SHIPPED);
	const struct resource *items = find(reg, "amazon", "order_items");
	assert_int_equal(items->paging.stop, STOP_CURSOR);
	assert_true(items->paging.guard);
	assert_int_equal(items->timeout_s, 60);
	assert_int_equal(items->cost, 1);
	assert_int_equal(items->priority, PRIORITY_NORMAL);
	assert_int_equal(items->deletion.strategy, DELETION_NONE);
	assert_false(items->incremental.on);
	registry_free(reg);
}

/* Writes the text into a file of its own and reads its only resource's fingerprints. */
static void fingerprints_of(const char *text, char provider[9], char resource[9])
{
	char file[] = "/tmp/declaration-XXXXXX";
	int fd = mkstemp(file);
	FILE *f = fdopen(fd, "w");
	struct registry *reg = NULL;
	struct err err = {0};
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	if (registry_load_file(file, &reg, &err))
		fail_msg("%s", err.text);
	memcpy(provider, registry_at(reg, 0)->fingerprint, 9);
	memcpy(resource, registry_at(reg, 0)->resources.at[0].fingerprint, 9);
	registry_free(reg);
	remove(file);
}

#define SMALL(url, more, size)                                                                               \
	"name = \"s\"; base_url = \"" url "\"; auth = { kind = \"none\"; };" more                            \
	"resources = ( { name = \"r\"; table = \"t\"; path = \"/\"; id = [\"id\"]; timeout_s = " size        \
	"; columns = (); } );"

static void fingerprints_follow_the_meaning(void **state)
{
	(void)state;
	char p[4][9], r[4][9];
	fingerprints_of(SMALL("https://a", "", "5"), p[0], r[0]);
	fingerprints_of("# a remark\n" SMALL("https://a", "\n\n", "5"), p[1], r[1]);
	fingerprints_of(SMALL("https://a", "title = \"S\";", "5"), p[2], r[2]);
	fingerprints_of(SMALL("https://a", "", "6"), p[3], r[3]);
	assert_int_equal(strspn(p[0], "0123456789abcdef"), 8);
	assert_string_equal(p[0], p[1]);
	assert_string_equal(r[0], r[1]);
	assert_string_not_equal(p[0], p[2]);
	assert_string_equal(r[0], r[2]);
	assert_string_not_equal(r[0], r[3]);
}

static void a_provider_is_declared_once(void **state)
{
	(void)state;
	char dir[] = "/tmp/declarations-XXXXXX";
	assert_non_null(mkdtemp(dir));
	for (int i = 0; i < 2; i++) {
		char *file = mem_printf("%s/%d.cfg", dir, i);
		FILE *f = fopen(file, "w");
		assert_non_null(f);
		fputs(SMALL("https://a", "", "5"), f);
		fclose(f);
		free(file);
	}
	struct registry *reg = NULL;
	struct err err = {0};
	assert_int_equal(registry_load(dir, &reg, &err), RC_INVALID);
	assert_non_null(strstr(err.text, "/1.cfg: the provider \"s\" is declared in"));
	for (int i = 0; i < 2; i++) {
		char *file = mem_printf("%s/%d.cfg", dir, i);
		remove(file);
		free(file);
	}
	remove(dir);
}

static void urls_of_settings_replace_declared_ones(void **state)
{
	const struct declared_url urls[] = {
	    {"highlevel", "auth.token_url", "https://other.example/token"},
	    {"highlevel", "base_url", "https://api.example"},
	    {"highlevel", "auth.authorize_url", ""},
	    {"nobody", "base_url", "https://unused.example"},
	};
	struct registry_choices choices = {"", urls, ARRAY_SIZE(urls)};
	struct registry *reg = NULL;
	struct err err;

	(void)state;
	assert_int_equal(registry_load_chosen("common/providers", &choices, &reg, &err), RC_OK);
	const struct auth *auth = &registry_find_provider(reg, STR("highlevel"))->auth;
	assert_true(str_is(auth->token_url.part[0].text, urls[0].url));
	assert_true(
	    str_is(registry_find_provider(reg, STR("highlevel"))->base_url.part[0].text, urls[1].url));
	assert_true(
	    str_starts(auth->authorize_url.part[0].text, STR("https://marketplace.gohighlevel.com/")));
	registry_free(reg);
}

static void urls_of_settings_are_checked_as_declared_ones(void **state)
{
	static const struct declared_url wrong[] = {
	    {"highlevel", "base_url", "not a url"},
	    {"highlevel", "auth.nothing", "https://x.example"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct registry_choices choices = {"", &wrong[i], 1};
		struct registry *reg = NULL;
		struct err err;

		assert_int_equal(registry_load_chosen("common/providers", &choices, &reg, &err), RC_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_folder_becomes_a_registry_in_order_of_names),
	    cmocka_unit_test(practicepanther_is_as_documented),
	    cmocka_unit_test(columns_come_in_the_order_of_copy),
	    cmocka_unit_test(amazon_is_as_documented),
	    cmocka_unit_test(google_is_one_grant_for_two_apis),
	    cmocka_unit_test(zoho_is_as_documented),
	    cmocka_unit_test(defaults_fit_the_strategy),
	    cmocka_unit_test(fingerprints_follow_the_meaning),
	    cmocka_unit_test(urls_of_settings_replace_declared_ones),
	    cmocka_unit_test(urls_of_settings_are_checked_as_declared_ones),
	    cmocka_unit_test(a_provider_is_declared_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

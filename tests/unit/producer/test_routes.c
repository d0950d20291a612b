// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/json.h"
#include "routes.h"

#include <setjmp.h>

#include <cmocka.h>

static const struct route routes_of_test[] = {
    {.method = "GET", .pattern = "/v1/{kind}/all"},
    {.method = "GET", .pattern = "/v1/things/{id}"},
    {.method = "POST", .pattern = "/v1/things/new"},
    {.method = "GET", .pattern = "/v1/things"},
    {.method = "POST", .pattern = "/v1/things"},
    {.method = "GET", .pattern = "/v1/things/{id}/parts/{part}"},
    {.method = "GET", .pattern = "/"},
};
static const struct routes table = {routes_of_test, ARRAY_SIZE(routes_of_test)};

static void test_find(void **state)
{
	static const struct {
		const char *method;
		const char *path;
		int route; /* -1: none */
		const char *value;
		const char *allowed;
	} cases[] = {
	    {"GET", "/", 6, NULL, "GET, HEAD"},
	    {"GET", "/v1/things", 3, NULL, "GET, HEAD, POST"},
	    {"HEAD", "/v1/things", 3, NULL, "GET, HEAD, POST"},
	    {"POST", "/v1/things", 4, NULL, "GET, HEAD, POST"},
	    {"DELETE", "/v1/things", -1, NULL, "GET, HEAD, POST"},
	    {"get", "/v1/things", -1, NULL, "GET, HEAD, POST"},
	    {"GET", "/v1/things/7", 1, "7", "GET, HEAD"},
	    {"POST", "/v1/things/7", -1, "7", "GET, HEAD"},
	    {"POST", "/v1/things/new", 2, NULL, "POST"},
	    {"GET", "/v1/things/new", -1, NULL, "POST"},
	    {"GET", "/v1/things/all", 1, "all", "GET, HEAD"},
	    {"GET", "/v1/others/all", 0, "others", "GET, HEAD"},
	    {"GET", "/v1/things/7/parts/8", 5, "7", "GET, HEAD"},
	    {"GET", "/v1/things/7/parts", -1, NULL, ""},
	    {"GET", "/v1/things/", -1, NULL, ""},
	    {"GET", "/v1/things//parts/8", -1, NULL, ""},
	    {"GET", "/v1", -1, NULL, ""},
	    {"GET", "v1/things", -1, NULL, ""},
	    {"GET", "//v1/things", -1, NULL, ""},
	    {"GET", "", -1, NULL, ""},
	    {"GET", "/v1/things//////////////////////x", -1, NULL, ""},
	    {"GET", "////////////////////////////////", -1, NULL, ""},
	    {"GET", "/v1/things/1/2/3/4/5/6/7/8/9/10/11/12", -1, NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct route_match m;

		routes_find(&table, str_of(cases[i].method), str_of(cases[i].path), &m);
		assert_string_equal(m.allowed, cases[i].allowed);
		assert_ptr_equal(m.route, cases[i].route < 0 ? NULL : &routes_of_test[cases[i].route]);
		if (cases[i].value)
			assert_true(m.nvalues > 0 && str_is(m.value[0], cases[i].value));
	}
}

static void test_path_place(void **state)
{
	(void)state;
	assert_int_equal(routes_path_place(&routes_of_test[5], "id"), 0);
	assert_int_equal(routes_path_place(&routes_of_test[5], "part"), 1);
	assert_int_equal(routes_path_place(&routes_of_test[5], "things"), -1);
}

/* What no compiler checks about the real table. */
static void test_the_table_is_sound(void **state)
{
	const struct routes *all = routes_all();

	(void)state;
	for (size_t i = 0; i < all->n; i++) {
		const struct route *r = &all->at[i];

		assert_true(r->effect == ROUTE_HANDLER ? r->handler != NULL : r->statement != NULL);
		assert_true(r->nparams < PG_ARGS_MAX);
		for (size_t p = 0; p < r->nparams; p++) {
			const struct route_param *param = &r->params[p];

			assert_int_equal(param->type >= PARAM_TENANT, param->from == PARAM_MADE);
			assert_int_equal(
			    param->type == PARAM_ENUM || param->type == PARAM_NAMES, param->allowed != NULL);
			if (param->from == PARAM_PATH)
				assert_true(routes_path_place(r, param->name) >= 0 && param->required);
			if (param->from == PARAM_BODY)
				assert_true(routes_takes_body(r));
			if (param->type == PARAM_INT)
				assert_true(param->min < param->max);
		}
	}
}

/* An answer that is kept needs its statement inside of another: PostgreSQL takes no writing WITH there. */
static void test_what_takes_effect_once_is_done_by_functions(void **state)
{
	const struct routes *all = routes_all();

	(void)state;
	for (size_t i = 0; i < all->n; i++) {
		const struct route *r = &all->at[i];

		if (!routes_has(r, PARAM_IDEMPOTENCY_KEY) || !r->statement)
			continue;
		assert_string_equal(r->method, "POST");
		assert_null(strcasestr(r->statement->sql, "insert into"));
		assert_null(strcasestr(r->statement->sql, "delete from"));
		assert_null(strcasestr(r->statement->sql, "update "));
	}
}

static void test_print_is_json_lines(void **state)
{
	struct buf out = BUF(1u << 20);
	size_t lines = 0;

	(void)state;
	routes_print(routes_all(), &out);
	for (struct str rest = buf_str(&out); rest.n; lines++) {
		AUTO(json_put_ptr) json_object *o = NULL;
		struct str line = str_cut(&rest, '\n');
		json_object *member = NULL;

		assert_int_equal(json_parse(line, line.n, 8, &o, NULL), RC_OK);
		assert_true(json_object_object_get_ex(o, "path", &member));
		assert_true(json_object_object_get_ex(o, "params", &member));
		assert_int_equal(json_object_array_length(member), routes_all()->at[lines].nparams);
	}
	assert_int_equal(lines, routes_all()->n);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_find),
	    cmocka_unit_test(test_path_place),
	    cmocka_unit_test(test_the_table_is_sound),
	    cmocka_unit_test(test_what_takes_effect_once_is_done_by_functions),
	    cmocka_unit_test(test_print_is_json_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

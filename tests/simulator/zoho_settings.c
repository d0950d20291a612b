// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "api.h"
#include "token.h"
#include "zoho.h"

#include <json-c/json.h>

#define SETTINGS "settings" /* what dials call these */
#define PROFILE "3652397000000026011"
#define MODULE_ID UINT64_C(3652397000000002175)
#define FIELDS_AT_ONCE 5

/* Whoever asks, he sees his organisation: the bodies follow from its number. */
static void begin(struct simulator *sim, struct exchange *ex, const struct api *api)
{
	ex->api = api;
	if (token_admit(sim, ex))
		ex->resource = resource_get(&sim->accounts, ex->account, STR(SETTINGS));
}

static bool is_standard(const struct zoho_module *m)
{
	return m < &zoho_modules[ZOHO_STANDARD];
}

/* ---- organisation and people ---- */

static void org_page(struct simulator *sim, struct exchange *ex)
{
	char created[26];

	zoho_time(ex->account, 1700000000, created);
	buf_printf(&sim->body,
	    "{\"org\":[{\"id\":\"%" PRIu64
	    "000000000001\",\"company_name\":\"Organisation %s\",\"alias\":null,\"domain_name\":\"org%u\","
	    "\"primary_email\":\"owner@org%u.example\",\"primary_zuid\":\"10021%05u\",\"zgid\":\"10022%05u\","
	    "\"phone\":\"+1 555 "
	    "0100\",\"mobile\":null,\"fax\":null,\"website\":\"https:\\/\\/org%u.example\","
	    "\"street\":\"1 Main Street\",\"city\":\"Chennai\",\"state\":\"TN\",\"zip\":\"600001\","
	    "\"country\":\"India\",\"country_code\":\"IN\",\"time_zone\":\"Asia\\/"
	    "Kolkata\",\"currency\":\"US Dollar\","
	    "\"currency_symbol\":\"$\",\"iso_code\":\"USD\",\"currency_locale\":\"en_US\",\"employee_count\":"
	    "\"12\","
	    "\"description\":null,\"created_time\":\"%s\",\"type\":\"Production\",\"mc_status\":false,"
	    "\"gapps_enabled\":false,\"privacy_settings\":false,\"translation_enabled\":false,"
	    "\"hipaa_compliance_enabled\":false,\"max_per_page\":200,\"photo_id\":null,"
	    "\"license_details\":{\"paid\":true,\"paid_type\":\"enterprise\",\"paid_expiry\":null,"
	    "\"trial_type\":null,\"trial_expiry\":null,\"trial_action\":null,\"users_license_purchased\":10}}"
	    "]}",
	    UINT64_C(3652000) + ex->account->number, ex->account->name, ex->account->number,
	    ex->account->number, ex->account->number, ex->account->number, ex->account->number, created);
}

void zoho_org_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api org = {ZOHO_CALL, .page = org_page};

	begin(sim, ex, &org);
}

static void users_page(struct simulator *sim, struct exchange *ex)
{
	char type[PARAM_MAX] = "AllUsers";

	request_param(ex->req.query, "type", type);
	if (strcmp(type, "DeletedUsers") == 0) {
		ex->answer.status = 204;
		return;
	}
	buf_printf(&sim->body,
	    "{\"users\":[{\"id\":\"3652397000000186017\",\"full_name\":\"Patricia "
	    "Boyle\",\"first_name\":\"Patricia\","
	    "\"last_name\":\"Boyle\",\"email\":\"patricia@org.example\",\"status\":\"active\",\"confirm\":"
	    "true,"
	    "\"zuid\":\"10021%05u\",\"role\":{\"name\":\"CEO\",\"id\":\"3652397000000026005\"},"
	    "\"profile\":{\"name\":\"Administrator\",\"id\":\"" PROFILE "\"},\"language\":\"en_US\","
	    "\"locale\":\"en_US\",\"time_zone\":\"Asia\\/Kolkata\",\"country\":\"India\",\"phone\":null}],"
	    "\"info\":{\"per_page\":200,\"count\":1,\"page\":1,\"more_records\":false}}",
	    ex->account->number);
}

void zoho_users_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api users = {ZOHO_CALL, .page = users_page};

	begin(sim, ex, &users);
}

static void permission_add(struct simulator *sim, const struct zoho_module *m, const char *what, bool enabled)
{
	buf_printf(&sim->body,
	    "{\"display_label\":\"%s\",\"customizable\":true,\"parent_permissions\":null,"
	    "\"name\":\"Crm_Implied_%s_%s\",\"module\":\"%s\",\"id\":\"3652397%06u%06u\",\"enabled\":%s},",
	    what, what, m->api_name, m->api_name, m->digit, (unsigned)strlen(what),
	    enabled ? "true" : "false");
}

static void profile_page(struct simulator *sim, struct exchange *ex)
{
	static const char *const rights[] = {"View", "Create", "Edit", "Delete"};

	buf_add_text(&sim->body, "{\"profiles\":[{\"id\":\"" PROFILE
	                         "\",\"name\":\"Administrator\",\"display_label\":\"Administrator\","
	                         "\"type\":\"normal_profile\",\"custom\":false,\"default\":false,"
	                         "\"description\":\"This profile will have all the permissions.\","
	                         "\"created_time\":null,\"modified_time\":null,\"created_by\":null,"
	                         "\"modified_by\":null,\"permissions_details\":[");
	for (size_t k = 0; k < ZOHO_MODULES; k++)
		for (size_t r = 0; r < ARRAY_SIZE(rights); r++)
			permission_add(sim, &zoho_modules[k], rights[r],
			    strcmp(zoho_modules[k].resource, ex->account->zoho.hidden) != 0);
	sim->body.n--;
	buf_add_text(&sim->body, "],\"sections\":[]}]}");
}

void zoho_profile_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api profile = {ZOHO_CALL, .page = profile_page};

	begin(sim, ex, &profile);
	if (!ex->answer.body_ready && !str_is(ex->args[0], PROFILE))
		zoho_fail(sim, ex, 400, "INVALID_DATA", "{}", "the id given seems to be invalid");
}

/* ---- modules ---- */

static void module_add(struct simulator *sim, struct exchange *ex, const struct zoho_module *m)
{
	const char *seen = strcmp(m->resource, ex->account->zoho.hidden) != 0 ? "true" : "false";

	buf_printf(&sim->body,
	    "{\"id\":\"%" PRIu64
	    "\",\"api_name\":\"%s\",\"module_name\":\"%s\",\"singular_label\":\"%s\",\"plural_label\":\"%s\","
	    "\"generated_type\":\"%s\",\"api_supported\":true,\"viewable\":%s,\"creatable\":%s,\"editable\":%"
	    "s,"
	    "\"deletable\":%s,\"convertable\":%s,\"visible\":%s,\"show_as_tab\":true,\"status\":\"visible\","
	    "\"visibility\":1,\"sequence_number\":%u,\"per_page\":null,\"quick_create\":true,"
	    "\"global_search_supported\":true,\"feeds_required\":false,\"parent_module\":{},"
	    "\"profiles\":[{\"name\":\"Administrator\",\"id\":\"" PROFILE "\"}],\"modified_by\":null,"
	    "\"modified_time\":null,\"web_link\":null,\"arguments\":[]},",
	    MODULE_ID + m->digit, m->api_name, m->api_name, m->api_name, m->api_name,
	    is_standard(m) ? "default" : "custom", seen, seen, seen, seen, m->digit == 1 ? "true" : "false",
	    seen, m->digit);
}

static void modules_page(struct simulator *sim, struct exchange *ex)
{
	buf_add_text(&sim->body, "{\"modules\":[");
	for (size_t k = 0; k < ZOHO_MODULES; k++)
		module_add(sim, ex, &zoho_modules[k]);
	sim->body.n--;
	buf_add_text(&sim->body, "]}");
}

void zoho_modules_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api all = {ZOHO_CALL, .page = modules_page};

	begin(sim, ex, &all);
}

/* ---- fields ---- */

static const struct {
	const char *type, *json;
	int length;
	char kind;
} KINDS[] = {
    {"text", "string", 255, 't'},
    {"textarea", "string", 32000, 's'},
    {"integer", "integer", 9, 'i'},
    {"double", "double", 16, 'd'},
    {"currency", "double", 16, 'c'},
    {"boolean", "boolean", 5, 'b'},
    {"date", "string", 20, 'D'},
    {"datetime", "string", 120, 'T'},
    {"lookup", "jsonobject", 120, 'l'},
    {"ownerlookup", "jsonobject", 120, 'u'},
    {"picklist", "string", 120, 'p'},
    {"email", "string", 100, 'e'},
    {"phone", "string", 30, 'h'},
    {"website", "string", 450, 'w'},
    {"autonumber", "string", 255, 'n'},
    {"subform", "jsonarray", 0, 'j'},
    {"profileimage", "string", 255, 'P'},
    {"lookup", "jsonobject", 120, 'L'},
};

/* What one field is told as. */
struct told {
	struct str name;
	struct str label;
	const char *type, *json;
	int length;
	bool custom, required, read_only;
	uint64_t id;
};

static void field_add(struct simulator *sim, const struct told *f)
{
	static const char *const flag[] = {"false", "true"};
	bool choice = strcmp(f->type, "picklist") == 0;
	bool decimal = strcmp(f->type, "double") == 0 || strcmp(f->type, "currency") == 0;

	buf_printf(&sim->body,
	    "{\"id\":\"%" PRIu64 "\",\"api_name\":\"%.*s\",\"field_label\":\"%.*s\",\"display_label\":\"%.*"
	    "s\",\"data_type\":\"%s\","
	    "\"json_type\":\"%s\",\"length\":%d,\"decimal_place\":%s,\"custom_field\":%s,\"system_"
	    "mandatory\":%s,"
	    "\"read_only\":%s,\"field_read_only\":%s,\"visible\":true,\"filterable\":true,\"searchable\":"
	    "true,"
	    "\"sortable\":true,\"unique\":{},\"lookup\":{},\"tooltip\":null,\"default_value\":null,"
	    "\"created_source\":\"%s\",\"mass_update\":%s,\"webhook\":true,\"separator\":false,"
	    "\"available_in_user_layout\":true,\"created_time\":null,\"modified_time\":null,"
	    "\"view_type\":{\"view\":true,\"edit\":%s,\"quick_create\":false,\"create\":%s},\"pick_list_"
	    "values\":[",
	    f->id, STR_ARG(f->name), STR_ARG(f->label), STR_ARG(f->label), f->type, f->json, f->length,
	    decimal ? "2" : "null", flag[f->custom], flag[f->required], flag[f->read_only],
	    flag[f->read_only], f->custom ? "custom" : "default", flag[!f->read_only], flag[!f->read_only],
	    flag[!f->read_only]);
	if (choice)
		buf_add_text(&sim->body,
		    "{\"display_value\":\"-None-\",\"actual_value\":\"-None-\",\"sequence_number\":1,"
		    "\"id\":\"3652397000000003409\",\"type\":\"used\"},{\"display_value\":\"In Progress\","
		    "\"actual_value\":\"In Progress\",\"sequence_number\":2,\"id\":\"3652397000000003411\","
		    "\"type\":\"used\"}");
	buf_add_text(&sim->body, "]},");
}

static bool is_system(struct str name)
{
	static const char *const names[] = {"Created_By", "Modified_By", "Created_Time", "Modified_Time"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

static void standard_fields(struct simulator *sim, const struct zoho_module *m)
{
	struct str rest = str_of(m->typed);
	struct told f = {.id = MODULE_ID + (uint64_t)m->digit * 1000};
	char kind;

	while (zoho_field_next(&rest, &f.name, &kind)) {
		size_t k = 0;

		while (KINDS[k].kind != kind)
			k++;
		f.id++;
		f.label = f.name;
		f.type = KINDS[k].type;
		f.json = KINDS[k].json;
		f.length = KINDS[k].length;
		f.custom = !is_standard(m) && !is_system(f.name) && !strchr("ju", kind);
		f.required = str_is(f.name, m->name) || str_is(f.name, "Last_Name");
		f.read_only = is_system(f.name);
		field_add(sim, &f);
	}
}

/* The API name of a label: its words, joined. */
static void name_of(const char *label, char ret[ZOHO_NAME_MAX])
{
	str_copy(ret, ZOHO_NAME_MAX, label);
	for (char *at = ret; *at; at++)
		if (*at == ' ')
			*at = '_';
}

static void made_fields(struct simulator *sim, struct exchange *ex, const struct zoho_module *m)
{
	const struct zoho_settings *z = &ex->account->zoho;

	for (unsigned k = 0; k < z->made_n; k++) {
		char name[ZOHO_NAME_MAX];

		if (strcmp(z->made[k].module, m->api_name) != 0)
			continue;
		name_of(z->made[k].label, name);
		field_add(sim, &(struct told){.name = str_of(name),
		                   .label = str_of(z->made[k].label),
		                   .type = z->made[k].type,
		                   .json = "string",
		                   .length = 255,
		                   .custom = true,
		                   .id = MODULE_ID + 900000 + k});
	}
}

static const struct zoho_module *module_asked(struct exchange *ex)
{
	char name[PARAM_MAX] = "";

	request_param(ex->req.query, "module", name);
	return zoho_module_find(str_of(name));
}

static void fields_page(struct simulator *sim, struct exchange *ex)
{
	const struct zoho_module *m = module_asked(ex);

	buf_add_text(&sim->body, "{\"fields\":[");
	standard_fields(sim, m);
	made_fields(sim, ex, m);
	sim->body.n--;
	buf_add_text(&sim->body, "]}");
}

static bool begin_of_module(struct simulator *sim, struct exchange *ex, const struct api *api)
{
	begin(sim, ex, api);
	if (ex->answer.body_ready)
		return false;
	if (module_asked(ex))
		return true;
	zoho_fail(sim, ex, 400, "INVALID_MODULE", "{\"param_name\":\"module\"}",
	    "the module name given seems to be invalid");
	return false;
}

void zoho_fields_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api fields = {ZOHO_CALL, .page = fields_page};

	begin_of_module(sim, ex, &fields);
}

/* ---- making fields ---- */

static bool is_known(struct exchange *ex, const struct zoho_module *m, const char *label)
{
	const struct zoho_settings *z = &ex->account->zoho;
	char name[ZOHO_NAME_MAX];

	name_of(label, name);
	for (unsigned k = 0; k < z->made_n; k++)
		if (strcmp(z->made[k].module, m->api_name) == 0 && strcmp(z->made[k].label, label) == 0)
			return true;
	return zoho_list_has(m->fields, str_of(name));
}

static const char *text_of(struct json_object *field, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(field, key, &value) ? json_object_get_string(value) : NULL;
}

static void refuse_field(struct simulator *sim, const char *code, const char *details, const char *message)
{
	buf_printf(&sim->body, "{\"code\":\"%s\",\"details\":%s,\"message\":\"%s\",\"status\":\"error\"},",
	    code, details, message);
}

/* False when the field was refused. */
static bool make(
    struct simulator *sim, struct exchange *ex, const struct zoho_module *m, struct json_object *field)
{
	struct zoho_settings *z = &ex->account->zoho;
	const char *label = text_of(field, "field_label");
	const char *type = text_of(field, "data_type");

	if (!label || !type || strlen(label) >= ZOHO_NAME_MAX || strlen(type) >= ZOHO_NAME_MAX) {
		refuse_field(sim, "MANDATORY_NOT_FOUND",
		    label ? "{\"api_name\":\"data_type\"}" : "{\"api_name\":\"field_label\"}",
		    "required field not found");
		return false;
	}
	if (is_known(ex, m, label)) {
		refuse_field(sim, "DUPLICATE_DATA", "{\"api_name\":\"field_label\"}",
		    "a field of this label is there already");
		return false;
	}
	if (z->made_n == ZOHO_MADE_MAX) {
		refuse_field(sim, "LIMIT_EXCEEDED", "{}", "no more custom fields");
		return false;
	}
	struct zoho_made *made = &z->made[z->made_n++];
	str_copy(made->module, sizeof made->module, m->api_name);
	str_copy(made->label, sizeof made->label, label);
	str_copy(made->type, sizeof made->type, type);
	buf_printf(&sim->body,
	    "{\"code\":\"SUCCESS\",\"details\":{\"id\":\"%" PRIu64
	    "\"},\"message\":\"field created\",\"status\":\"success\"},",
	    MODULE_ID + 900000 + z->made_n - 1);
	return true;
}

static struct json_object *fields_of(struct json_object *body)
{
	struct json_object *fields = NULL;

	if (!json_object_object_get_ex(body, "fields", &fields) ||
	    !json_object_is_type(fields, json_type_array))
		return NULL;
	return fields;
}

static void make_page(struct simulator *sim, struct exchange *ex)
{
	struct json_object *body;
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *fields;
	size_t made = 0;

	if (!tokener)
		abort();
	body = json_tokener_parse_ex(tokener, ex->req.body.p, (int)ex->req.body.n);
	json_tokener_free(tokener);
	fields = fields_of(body);
	size_t n = fields ? json_object_array_length(fields) : 0;
	if (!n || n > FIELDS_AT_ONCE) {
		zoho_fail(sim, ex, 400, n ? "LIMIT_EXCEEDED" : "MANDATORY_NOT_FOUND",
		    "{\"api_name\":\"fields\"}", n ? "five fields at once" : "required field not found");
		json_object_put(body);
		return;
	}
	buf_add_text(&sim->body, "{\"fields\":[");
	for (size_t i = 0; i < n; i++)
		made += make(sim, ex, module_asked(ex), json_object_array_get_idx(fields, i));
	sim->body.n--;
	buf_add_text(&sim->body, "]}");
	ex->answer.status = made == n ? 201 : made ? 207 : 400;
	json_object_put(body);
}

void zoho_fields_make(struct simulator *sim, struct exchange *ex)
{
	static const struct api makes = {ZOHO_CALL, .page = make_page};

	begin_of_module(sim, ex, &makes);
}

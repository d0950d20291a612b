// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "base/clock.h"
#include "api.h"
#include "api_private.h"
#include "json.h"
#include "token.h"
#include "zoho.h"

#include <json-c/json.h>

#define BANK 512
#define ID_STEP 7
#define ID_FIRST 1001
#define ORG_FIRST UINT64_C(3652000)
#define DIGIT_UNIT UINT64_C(100000000000)

static struct zoho_module modules[] = {
    {"leads", "Leads", 'l', 1,
        "Owner,Company,First_Name,Last_Name,Full_Name,Salutation,Designation,Email,Secondary_Email,Phone,"
        "Mobile,"
        "Fax,Website,Lead_Source,Lead_Status,Industry,No_of_Employees,Annual_Revenue,Rating,Email_Opt_Out,"
        "Unsubscribed_Mode,Unsubscribed_Time,Skype_ID,Twitter,Street,City,State,Zip_Code,Country,Description,"
        "Record_Image,Layout,Converted__s,Converted_Date_Time,Converted_Account,Converted_Contact,"
        "Converted_Deal,Lead_Conversion_Time,Last_Activity_Time,Created_By,Modified_By,Created_Time,"
        "Modified_Time,Tag",
        "Full_Name", lead_text, NULL},
    {"contacts", "Contacts", 'k', 2,
        "Owner,First_Name,Last_Name,Full_Name,Salutation,Account_Name,Vendor_Name,Lead_Source,Email,"
        "Secondary_Email,Title,Department,Phone,Home_Phone,Other_Phone,Mobile,Fax,Assistant,Asst_Phone,"
        "Date_of_Birth,Reporting_To,Email_Opt_Out,Unsubscribed_Mode,Unsubscribed_Time,Skype_ID,Twitter,"
        "Mailing_Street,Mailing_City,Mailing_State,Mailing_Zip,Mailing_Country,Other_Street,Other_City,"
        "Other_State,Other_Zip,Other_Country,Description,Record_Image,Layout,Last_Activity_Time,Created_By,"
        "Modified_By,Created_Time,Modified_Time,Tag",
        "Full_Name", zoho_contact_text, NULL},
    {"accounts", "Accounts", 'o', 3,
        "Owner,Account_Name,Account_Number,Account_Site,Account_Type,Parent_Account,Industry,Ownership,"
        "Rating,"
        "SIC_Code,Ticker_Symbol,Employees,Annual_Revenue,Phone,Fax,Website,Billing_Street,Billing_City,"
        "Billing_State,Billing_Code,Billing_Country,Shipping_Street,Shipping_City,Shipping_State,Shipping_"
        "Code,"
        "Shipping_Country,Description,Record_Image,Layout,Last_Activity_Time,Created_By,Modified_By,"
        "Created_Time,Modified_Time,Tag",
        "Account_Name", zoho_account_text, NULL},
    {"deals", "Deals", 'd', 4,
        "Owner,Deal_Name,Account_Name,Contact_Name,Campaign_Source,Stage,Type,Lead_Source,Amount,"
        "Expected_Revenue,Probability,Closing_Date,Next_Step,Pipeline,Deal_Category_Status,Reason_For_Loss__"
        "s,"
        "Sales_Cycle_Duration,Overall_Sales_Duration,Lead_Conversion_Time,Description,Record_Image,Layout,"
        "Last_Activity_Time,Created_By,Modified_By,Created_Time,Modified_Time,Tag",
        "Deal_Name", deal_text, NULL},
};

void zoho_init(uint64_t seed)
{
	for (size_t k = 0; k < ARRAY_SIZE(modules); k++)
		modules[k].bank = template_bank_new(
		    BANK, mix(seed ^ (uint64_t)modules[k].kind), modules[k].write);
}

void zoho_done(void)
{
	for (size_t k = 0; k < ARRAY_SIZE(modules); k++)
		template_bank_free(modules[k].bank);
}

bool zoho_serves(struct str resource)
{
	for (size_t k = 0; k < ARRAY_SIZE(modules); k++)
		if (str_is(resource, modules[k].resource))
			return true;
	return false;
}

const struct zoho_module *zoho_module_find(struct str api_name)
{
	for (size_t k = 0; k < ARRAY_SIZE(modules); k++)
		if (str_is(api_name, modules[k].api_name))
			return &modules[k];
	return NULL;
}

const struct zoho_module *zoho_module_of(const struct resource *resource)
{
	size_t k = 0;

	while (k < ARRAY_SIZE(modules) - 1 && strcmp(resource->name, modules[k].resource) != 0)
		k++;
	return &modules[k];
}

/* ---- ids and times ---- */

static uint64_t id_base(const struct account *account, unsigned digit)
{
	return ((ORG_FIRST + account->number) * 10 + digit) * DIGIT_UNIT + ID_FIRST;
}

uint64_t zoho_id_number(const struct account *account, unsigned digit, uint64_t i)
{
	return id_base(account, digit) + i * ID_STEP;
}

void zoho_id(const struct account *account, unsigned digit, uint64_t i, char ret[ZOHO_ID_MAX])
{
	snprintf(ret, ZOHO_ID_MAX, "%" PRIu64, zoho_id_number(account, digit, i));
}

bool zoho_id_index(const struct account *account, unsigned digit, struct str id, uint64_t *ret)
{
	uint64_t base = id_base(account, digit);
	int64_t value;

	if (!str_to_i64(id, &value) || (uint64_t)value < base || ((uint64_t)value - base) % ID_STEP)
		return false;
	*ret = ((uint64_t)value - base) / ID_STEP;
	return *ret < DIGIT_UNIT / ID_STEP;
}

void zoho_time(const struct account *account, int64_t unix_s, char ret[26])
{
	template_local_time(account, unix_s, ret);
	ret[25] = '\0';
}

/* ---- answers ---- */

void zoho_fail(struct simulator *sim, struct exchange *ex, int status, const char *code, const char *details,
    const char *message)
{
	answer_printf(sim, ex, status,
	    "{\"code\":\"%s\",\"details\":%s,\"message\":\"%s\",\"status\":\"error\"}", code, details,
	    message);
}

void zoho_answer_nothing(struct simulator *sim, struct exchange *ex)
{
	ex->answer.status = ex->req.if_modified_since.n ? 304 : 204;
	buf_clear(&sim->body);
}

bool zoho_admit(struct simulator *sim, struct exchange *ex, struct str api_name)
{
	const struct zoho_module *module = zoho_module_find(api_name);

	if (!token_admit(sim, ex))
		return false;
	if (!module) {
		zoho_fail(sim, ex, 400, "INVALID_MODULE", "{}", "the module name given seems to be invalid");
		return false;
	}
	ex->resource = resource_get(&sim->accounts, ex->account, str_of(module->resource));
	return true;
}

bool zoho_since_read(struct exchange *ex)
{
	struct str since = ex->req.if_modified_since;

	return !since.n || clock_parse(since, false, &ex->window.of.updated_since_us);
}

/* ---- records ---- */

void zoho_record(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	const struct zoho_module *module = zoho_module_of(resource);
	struct facts facts = facts_of(account, resource, module->kind, i);

	template_fill(module->bank, mix(account->salt + i), &facts, ret);
}

void zoho_record_id(struct account *account, struct resource *resource, uint64_t i, struct buf *ret)
{
	char id[ZOHO_ID_MAX];

	zoho_id(account, zoho_module_of(resource)->digit, i, id);
	buf_add_text(ret, id);
}

bool zoho_lead_converted(const struct account *account, uint64_t i)
{
	return template_holds(modules[0].bank, mix(account->salt + i), "\"Converted__s\":true");
}

uint64_t zoho_position(const struct view *view, uint64_t index)
{
	uint64_t low = 0;
	uint64_t high = view->n;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (view_at(view, middle) < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool zoho_list_has(const char *list, struct str name)
{
	struct str rest = str_of(list);

	while (rest.n)
		if (str_eq(str_trim(str_cut(&rest, ',')), name))
			return true;
	return false;
}

void zoho_record_part(struct exchange *ex, uint64_t i, const char *fields, bool keys_only, struct buf *ret)
{
	struct buf whole = BUF(1 << 16);
	struct json_object *all, *part = json_object_new_object();

	zoho_record(ex->account, ex->resource, i, &whole);
	all = json_tokener_parse(buf_text(&whole));
	json_object_object_foreach(all, key, value)
	{
		if (strcmp(key, "id") != 0 && !zoho_list_has(fields, str_of(key)))
			continue;
		struct json_object *id = keys_only ? json_object_object_get(value, "id") : NULL;
		if (id) {
			value = json_object_new_object();
			json_object_object_add(value, "id", json_object_get(id));
		} else {
			json_object_get(value);
		}
		json_object_object_add(part, key, value);
	}
	buf_add_text(ret, json_object_to_json_string_ext(part, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(part);
	json_object_put(all);
	buf_done(&whole);
}

const struct api ZOHO = {ZOHO_CALL, .page = zoho_list_page, .record = zoho_record, .id = zoho_record_id};

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "zoho.h"

/* JSON texts: escapes are the wire's own. */
static const char *const FIRST[] = {"Theola", "Zo\\u00eb", "S\xc3\xb8ren", "Capla", "Seán", "Yvonne",
    "\xe6\x9d\x8e\xe9\x9b\xb7", "Jos\\u00e9 \\\"Pepe\\\"", "Kris", "Ngozi", "Mitsue", "Priya"};
static const char *const LAST[] = {"Frey", "Paprocki", "Łukasiewicz", "Nguy\xe1\xbb\x85n", "van der Berg",
    "Garc\\u00eda", "M\xc3\xbcller", "Okafor", "Tollner", "Ivanova", "Tanaka", "Marrier"};
static const char *const FIRM[] = {"Truhlar And Truhlar Attys", "Chanay & S\xc3\xb6hne GmbH", "Chemel, Inc.",
    "Feltz Printing Service", "\\u00c9toile \\\"Nord\\\"", "Kwik Kopy Printing", "King (Sample)",
    "\xe6\x9d\xb1\xe4\xba\xac\xe5\x95\x86\xe4\xba\x8b"};
static const char *const CITY[] = {
    "Chennai", "Austin", "M\xc3\xbcnchen", "Toronto", "Osaka", "Reykjav\\u00edk"};
static const char *const COUNTRY[] = {"India", "United States", "Germany", "Canada", "Japan", "Iceland"};
static const char *const WORDS[] = {"call", "back", "after", "the", "trade show", "budget", "approved",
    "waits", "for", "quote", "renewal", "line\\nbreak", "caf\xc3\xa9", "\\u20ac", "\xf0\x9f\x8f\xa0",
    "\\ud83d\\udcc4", "pilot", "with", "twelve", "seats", "prefers", "mail"};
static const char *const SOURCE[] = {
    "Cold Call", "Advertisement", "Web Download", "Trade Show", "Partner", "External Referral"};
static const char *const INDUSTRY[] = {
    "Large Enterprise", "Small/Medium Enterprise", "Data/Telecom OEM", "ERP", "Government/Military"};
#define USER_TEXT(name, id, mail)                                                                            \
	"{\"name\":\"" name "\",\"id\":\"" id "\",\"email\":\"" mail "@org.example\"}"
static const char *const USER[] = {USER_TEXT("Patricia Boyle", "3652397000000186017", "patricia"),
    USER_TEXT("Arjun R\xc4\x81o", "3652397000000281042", "arjun"),
    USER_TEXT("Mei Lin", "3652397000000281067", "mei")};
static const char *const TAG[] = {"vip", "trade show", "caf\xc3\xa9", "Q4"};

#define PICK(list) (list)[random_below(rng, ARRAY_SIZE(list))]
#define CHANCE(n) (random_below(rng, (n)) == 0)

/* "name":"value", null one time in three, absent one time in nine. */
static void add(struct buf *ret, uint64_t *rng, const char *name, const char *value)
{
	unsigned fate = random_below(rng, 9);

	if (fate == 0)
		return;
	if (fate < 4)
		buf_printf(ret, "\"%s\":null,", name);
	else
		buf_printf(ret, "\"%s\":\"%s\",", name, value);
}

static void add_number(struct buf *ret, uint64_t *rng, const char *name, unsigned below)
{
	if (CHANCE(4))
		buf_printf(ret, "\"%s\":null,", name);
	else
		buf_printf(ret, "\"%s\":%u,", name, random_below(rng, below));
}

static void add_money(struct buf *ret, uint64_t *rng, const char *name)
{
	static const char *const cents[] = {"", ".5", ".25", ".07"};

	if (CHANCE(6))
		buf_printf(ret, "\"%s\":null,", name);
	else
		buf_printf(ret, "\"%s\":~$%s,", name, PICK(cents));
}

static void add_phone(struct buf *ret, uint64_t *rng, const char *name)
{
	char text[32];

	snprintf(
	    text, sizeof text, "+1 %03u-555-%04u", 200 + random_below(rng, 700), random_below(rng, 10000));
	add(ret, rng, name, text);
}

static void add_date(struct buf *ret, uint64_t *rng, const char *name, unsigned year)
{
	char text[32];

	snprintf(text, sizeof text, "%04u-%02u-%02u", year + random_below(rng, 3), 1 + random_below(rng, 12),
	    1 + random_below(rng, 28));
	add(ret, rng, name, text);
}

static void add_text(struct buf *ret, uint64_t *rng, const char *name, unsigned words)
{
	buf_printf(ret, "\"%s\":\"rev-- ~R", name);
	while (words--)
		buf_printf(ret, " %s", PICK(WORDS));
	buf_add_text(ret, "\",");
}

/* `at` is the hole with the id of what is looked up. */
static void add_lookup(struct buf *ret, uint64_t *rng, const char *name, const char *at, const char *what)
{
	if (CHANCE(5))
		buf_printf(ret, "\"%s\":null,", name);
	else
		buf_printf(ret, "\"%s\":{\"name\":\"%s\",\"id\":\"%s\"},", name, what, at);
}

static void add_address(struct buf *ret, uint64_t *rng, const char *prefix, const char *zip)
{
	unsigned where = random_below(rng, ARRAY_SIZE(CITY));
	char name[40], value[40];

	snprintf(name, sizeof name, "%sStreet", prefix);
	snprintf(value, sizeof value, "%u Anna Salai\\r\\nFloor %u", random_below(rng, 900),
	    random_below(rng, 40));
	add(ret, rng, name, value);
	snprintf(name, sizeof name, "%sCity", prefix);
	add(ret, rng, name, CITY[where]);
	snprintf(name, sizeof name, "%sState", prefix);
	add(ret, rng, name, "TN");
	snprintf(name, sizeof name, "%s%s", prefix, zip);
	snprintf(value, sizeof value, "%05u", random_below(rng, 100000));
	add(ret, rng, name, value);
	snprintf(name, sizeof name, "%sCountry", prefix);
	add(ret, rng, name, COUNTRY[where]);
}

static void add_tags(struct buf *ret, uint64_t *rng)
{
	unsigned n = random_below(rng, 3);

	buf_add_text(ret, "\"Tag\":[");
	for (unsigned k = 0; k < n; k++)
		buf_printf(ret, "%s{\"name\":\"%s\",\"id\":\"36523970000004510%02u\",\"color_code\":null}",
		    k ? "," : "", PICK(TAG), k);
	buf_add_text(ret, "],");
}

static void add_layout(struct buf *ret, const char *id)
{
	buf_printf(
	    ret, "\"Layout\":{\"name\":\"Standard\",\"id\":\"%s\",\"display_label\":\"Standard\"},", id);
}

/* What every record ends with: the system's own. */
static void add_end(struct buf *ret, uint64_t *rng)
{
	add_tags(ret, rng);
	buf_printf(ret, "\"Record_Image\":null,\"Owner\":%s,\"Created_By\":%s,\"Modified_By\":%s,",
	    PICK(USER), PICK(USER), PICK(USER));
	buf_add_text(ret, CHANCE(3) ? "\"Last_Activity_Time\":null," : "\"Last_Activity_Time\":\"~V\",");
	buf_add_text(ret, "\"Created_Time\":\"~T\",\"Modified_Time\":\"~V\"}");
}

static void add_person(struct buf *ret, uint64_t *rng)
{
	static const char *const salutations[] = {"Mr.", "Mrs.", "Ms.", "Dr.", "Prof."};
	const char *first = PICK(FIRST);
	const char *last = PICK(LAST);

	buf_printf(ret, "{\"id\":\"~Z\",\"First_Name\":\"%s\",\"Last_Name\":\"%s\",\"Full_Name\":\"%s %s\",",
	    first, last, first, last);
	add(ret, rng, "Salutation", PICK(salutations));
	buf_add_text(ret, "\"Email\":\"person.~n@customers.example.com\",");
	add(ret, rng, "Secondary_Email", "other.~n@customers.example.com");
	add_phone(ret, rng, "Phone");
	add_phone(ret, rng, "Mobile");
	add_phone(ret, rng, "Fax");
	add(ret, rng, "Lead_Source", PICK(SOURCE));
	buf_printf(ret, "\"Email_Opt_Out\":%s,", CHANCE(4) ? "true" : "false");
	if (CHANCE(10))
		buf_add_text(ret, "\"Unsubscribed_Mode\":\"Consent form\",\"Unsubscribed_Time\":\"~T\",");
	else
		buf_add_text(ret, "\"Unsubscribed_Mode\":null,\"Unsubscribed_Time\":null,");
	add(ret, rng, "Skype_ID", "person.skype");
	add(ret, rng, "Twitter", "person_tw");
}

static void add_conversion(struct buf *ret, uint64_t *rng, const char *company)
{
	if (!CHANCE(20)) {
		buf_add_text(ret,
		    "\"Converted__s\":false,\"Converted_Date_Time\":null,\"Converted_Account\":null,"
		    "\"Converted_Contact\":null,\"Converted_Deal\":null,");
		return;
	}
	buf_printf(ret,
	    "\"Converted__s\":true,\"Converted_Date_Time\":\"~V\",\"Converted_Account\":{\"name\":\"%s\","
	    "\"id\":\"~O\"},"
	    "\"Converted_Contact\":{\"name\":\"%s\",\"id\":\"~K\"},\"Converted_Deal\":null,",
	    company, PICK(LAST));
}

void lead_text(struct buf *ret, uint64_t *rng)
{
	static const char *const status[] = {
	    "Attempted to Contact", "Contact in Future", "Contacted", "Junk Lead", "Pre-Qualified"};
	static const char *const rating[] = {"Acquired", "Active", "Market Failed", "Project Cancelled"};
	const char *company = PICK(FIRM);

	add_person(ret, rng);
	buf_printf(ret, "\"Company\":\"%s\",", company);
	add(ret, rng, "Designation", "VP Accounting");
	add(ret, rng, "Website", "https:\\/\\/www.example.com");
	add(ret, rng, "Lead_Status", PICK(status));
	add(ret, rng, "Industry", PICK(INDUSTRY));
	add_number(ret, rng, "No_of_Employees", 9000);
	add_money(ret, rng, "Annual_Revenue");
	add(ret, rng, "Rating", PICK(rating));
	add_address(ret, rng, "", "Zip_Code");
	add_text(ret, rng, "Description", 15 + random_below(rng, 30));
	add_conversion(ret, rng, company);
	add_number(ret, rng, "Lead_Conversion_Time", 90);
	add_layout(ret, "3652397000000000167");
	add_end(ret, rng);
}

void zoho_contact_text(struct buf *ret, uint64_t *rng)
{
	add_person(ret, rng);
	add_lookup(ret, rng, "Account_Name", "~O", PICK(FIRM));
	buf_add_text(ret, "\"Vendor_Name\":null,");
	add(ret, rng, "Title", "Head of Purchasing");
	add(ret, rng, "Department", "Purchasing");
	add_phone(ret, rng, "Home_Phone");
	add_phone(ret, rng, "Other_Phone");
	add(ret, rng, "Assistant", PICK(FIRST));
	add_phone(ret, rng, "Asst_Phone");
	add_date(ret, rng, "Date_of_Birth", 1970);
	add_lookup(ret, rng, "Reporting_To", "~K", PICK(LAST));
	add_address(ret, rng, "Mailing_", "Zip");
	add_address(ret, rng, "Other_", "Zip");
	add_text(ret, rng, "Description", 15 + random_below(rng, 30));
	add_layout(ret, "3652397000000000169");
	add_end(ret, rng);
}

void zoho_account_text(struct buf *ret, uint64_t *rng)
{
	static const char *const types[] = {"Analyst", "Competitor", "Customer", "Distributor", "Vendor"};
	static const char *const owners[] = {"Private", "Public Company", "Government", "Subsidiary"};

	buf_printf(ret, "{\"id\":\"~Z\",\"Account_Name\":\"%s\",\"Account_Number\":1~n,", PICK(FIRM));
	add(ret, rng, "Account_Site", "HQ");
	add(ret, rng, "Account_Type", PICK(types));
	add_lookup(ret, rng, "Parent_Account", "~O", PICK(FIRM));
	add(ret, rng, "Industry", PICK(INDUSTRY));
	add(ret, rng, "Ownership", PICK(owners));
	add(ret, rng, "Rating", "Active");
	add_number(ret, rng, "SIC_Code", 9999);
	add(ret, rng, "Ticker_Symbol", "ZZZ");
	add_number(ret, rng, "Employees", 90000);
	add_money(ret, rng, "Annual_Revenue");
	add_phone(ret, rng, "Phone");
	add_phone(ret, rng, "Fax");
	add(ret, rng, "Website", "www.example.com");
	add_address(ret, rng, "Billing_", "Code");
	add_address(ret, rng, "Shipping_", "Code");
	add_text(ret, rng, "Description", 15 + random_below(rng, 30));
	add_layout(ret, "3652397000000000171");
	add_end(ret, rng);
}

void deal_text(struct buf *ret, uint64_t *rng)
{
	static const char *const stages[] = {
	    "Qualification", "Needs Analysis", "Value Proposition", "Closed Won", "Closed Lost"};

	buf_printf(ret, "{\"id\":\"~Z\",\"Deal_Name\":\"%s ~n\",", PICK(FIRM));
	add_lookup(ret, rng, "Account_Name", "~O", PICK(FIRM));
	add_lookup(ret, rng, "Contact_Name", "~K", PICK(LAST));
	buf_add_text(ret, "\"Campaign_Source\":null,");
	buf_printf(ret, "\"Stage\":\"%s\",", PICK(stages));
	add(ret, rng, "Type", CHANCE(2) ? "New Business" : "Existing Business");
	add(ret, rng, "Lead_Source", PICK(SOURCE));
	add_money(ret, rng, "Amount");
	add_money(ret, rng, "Expected_Revenue");
	add_number(ret, rng, "Probability", 101);
	add_date(ret, rng, "Closing_Date", 2026);
	add(ret, rng, "Next_Step", PICK(WORDS));
	buf_add_text(ret, "\"Pipeline\":\"Standard (Standard)\",");
	add(ret, rng, "Deal_Category_Status", "Open");
	add(ret, rng, "Reason_For_Loss__s", "Expectation Mismatch");
	add_number(ret, rng, "Sales_Cycle_Duration", 200);
	add_number(ret, rng, "Overall_Sales_Duration", 400);
	add_number(ret, rng, "Lead_Conversion_Time", 90);
	add_text(ret, rng, "Description", 10 + random_below(rng, 30));
	add_layout(ret, "3652397000000000173");
	add_end(ret, rng);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"

#include "base/json.h"
#include "base/jsonw.h"
#include "call.h"
#include "oauth_plan.h"

#define URL_MAX ((size_t)64 << 10)

/* The marketplace that sellers of a region have first:
 * https://developer-docs.amazon.com/sp-api/docs/marketplace-ids */
static const struct {
	const char *region;
	const char *marketplace;
} firsts[] = {
    {"eu", "A1F83G8C2ARO7P"},
    {"fe", "A1VC38T7YXB528"},
    {"sandbox-eu", "A1F83G8C2ARO7P"},
    {"sandbox-fe", "A1VC38T7YXB528"},
};

static const char *first_marketplace(struct str region)
{
	for (size_t i = 0; i < ARRAY_SIZE(firsts); i++)
		if (str_is(region, firsts[i].region))
			return firsts[i].marketplace;
	return "ATVPDKIKX0DER";
}

/* NULL: one of them is none. */
static json_object *marketplaces_read(struct str list, struct str region)
{
	json_object *ids = json_object_new_array();

	if (!list.p)
		json_object_array_add(ids, json_object_new_string(first_marketplace(region)));
	while (list.n) {
		struct str id = str_trim(str_cut(&list, ','));

		if (!id.n || strspn(id.p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") < id.n) {
			json_object_put(ids);
			return NULL;
		}
		json_object_array_add(ids, json_object_new_string_len(id.p, (int)id.n));
	}
	return ids;
}

static void tell_url(struct call *c, const struct oauth_begun *begun)
{
	struct buf out = BUF(URL_MAX);
	struct jsonw w = JSONW(&out);

	jsonw_object(&w, NULL);
	jsonw_bool(&w, "success", true);
	jsonw_str(&w, "url", begun->url);
	jsonw_text(&w, "redirectUri", begun->redirect_uri);
	jsonw_text(&w, "expiresAt", begun->expires_at);
	jsonw_object_end(&w);
	call_answer(c, (struct reply){.status = 200, .body = out.p, .body_n = out.n});
}

void amazon_connect(struct call *c)
{
	const char *application = call_calls(c)->o->amazon_application_id;
	struct str region = call_body_text(c, "region");
	json_object *ids;

	if (!application[0]) {
		call_refuse(c, 422, "provider_not_configured",
		    "the service has no application at Amazon (amazon.application_id)");
		return;
	}
	if (!region.p)
		region = STR("na");
	ids = marketplaces_read(call_body_text(c, "marketplaceIds"), region);
	if (!ids) {
		call_refuse_field(c, "value_refused", "#/marketplaceIds",
		    "marketplaceIds: identifiers of marketplaces with commas between");
		return;
	}
	AUTO(json_put_ptr) json_object *settings = json_object_new_object();
	json_object_object_add(settings, "region", json_object_new_string_len(region.p, (int)region.n));
	json_object_object_add(settings, "marketplace_ids", ids);
	json_object_object_add(settings, "application_id", json_object_new_string(application));
	oauth_plan_begin(c, &(struct oauth_plan){.provider = "amazon",
	                        .settings = settings,
	                        .return_to = call_body_text(c, "returnTo"),
	                        .return_to_at = "#/returnTo",
	                        .answer = tell_url});
}

void amazon_callback(struct call *c)
{
	oauth_return(c, "amazon");
}

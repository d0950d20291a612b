// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "amazon.h"
#include "api.h"

#define MARKET(id, name, country, currency, domain, takes_part)                                              \
	"{\"marketplace\":{\"id\":\"" id "\",\"name\":\"" name "\",\"countryCode\":\"" country               \
	"\",\"defaultCurrencyCode\":\"" currency                                                             \
	"\",\"defaultLanguageCode\":\"en_US\",\"domainName\":\"" domain                                      \
	"\"},\"participation\":{\"isParticipating\":" takes_part ",\"hasSuspendedListings\":false},"         \
	"\"storeName\":\"BestSellerStore\"}"

/* Where the seller sells; one of them he may, but does not. */
static void page(struct simulator *sim, struct exchange *ex)
{
	(void)ex;
	buf_add_text(&sim->body, "{\"payload\":[" MARKET(AMAZON_MARKETPLACE, "Amazon.com", "US", "USD",
	                             "www.amazon.com", "true") "," MARKET("A2EUQ1WTGCTBG2", "Amazon.ca", "CA",
	                             "CAD", "www.amazon.ca", "true") "," MARKET("A1AM78C64UM0Y8",
	                             "Amazon.com.mx", "MX", "MXN", "www.amazon.com.mx", "false") "]}");
}

void amazon_sellers_begin(struct simulator *sim, struct exchange *ex)
{
	static const struct api api = {AMAZON_CALL, .name = "amazon-sellers", .page = page};
	static const struct amazon_call call = {AMAZON_SELLERS, "none", true};

	ex->api = &api;
	(void)amazon_admit(sim, ex, &call, "marketplaces");
}

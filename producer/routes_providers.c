// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "call.h"
#include "route_rows.h"

#define DOCUMENT_MAX (1u << 20) /* of the registry */

static void list_providers(struct call *c)
{
	struct buf out = BUF(DOCUMENT_MAX);

	catalog_print(&call_calls(c)->o->catalog, &out);
	call_answer(c, (struct reply){.status = 200, .body = out.p, .body_n = out.n});
}

static const struct route rows[] = {
    {"GET", "/v1/providers", RIGHT_READ, ROUTE_HANDLER, .handler = list_providers},
};

const struct routes routes_providers = ROWS(rows);

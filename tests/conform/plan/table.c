// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "plan.h"

#define STATEMENT_MAX (256u << 10)

static const char *const types[] = {
    [COLUMN_TEXT] = "text",
    [COLUMN_INTEGER] = "bigint",
    [COLUMN_NUMERIC] = "numeric",
    [COLUMN_DOUBLE] = "double precision",
    [COLUMN_BOOLEAN] = "boolean",
    [COLUMN_TIMESTAMP] = "timestamptz",
    [COLUMN_DATE] = "date",
    [COLUMN_UUID] = "uuid",
    [COLUMN_JSON] = "jsonb",
};

json_object *plan_table(const struct resource *r)
{
	AUTO(buf_done) struct buf out = BUF(STATEMENT_MAX);
	buf_printf(&out,
	    "create table if not exists %s (\n  connection_id uuid not null,\n  tenant_id uuid not null,\n"
	    "  id text collate \"C\" not null,\n",
	    r->table);
	for (size_t i = 0; i < r->columns.n; i++)
		buf_printf(&out, "  %s %s%s,\n", r->columns.at[i].name, types[r->columns.at[i].type],
		    r->columns.at[i].required ? " not null" : "");
	if (r->keep_payload)
		buf_add_text(&out, "  payload jsonb not null,\n");
	buf_add_text(&out,
	    "  content_hash bigint not null,\n  first_seen_at timestamptz not null default now(),\n"
	    "  synced_at timestamptz not null default now(),\n  deleted_at timestamptz,\n"
	    "  primary key (connection_id, id)\n)");
	return json_object_new_string(buf_text(&out));
}

// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "param_binders.h"
#include "param_types.h"

#define REGISTRY_MAX (1u << 20)

static void bind_rights(struct binding *b)
{
	pg_array_begin(b->args, PG_TEXT);
	for (unsigned bit = 0; bit < RIGHT_COUNT; bit++)
		if (b->in->caller->rights & 1u << bit)
			pg_array_text(b->args, str_of(right_name((enum right)(1u << bit))));
	pg_array_end(b->args);
}

static void bind_registry(struct binding *b)
{
	struct buf document = BUF(REGISTRY_MAX);

	catalog_print(b->in->catalog, &document);
	pg_arg_text(b->args, buf_str(&document));
	buf_done(&document);
}

void param_bind_made(struct binding *b)
{
	struct uuid id;

	switch (b->param->type) {
	case PARAM_TENANT:
		pg_arg_uuid(b->args, &b->in->caller->tenant);
		break;
	case PARAM_USER:
		if (b->in->caller->role == ROLE_SERVICE)
			pg_arg_null(b->args);
		else
			pg_arg_uuid(b->args, &b->in->caller->user);
		break;
	case PARAM_OPERATES:
		pg_arg_bool(b->args, (b->in->caller->rights & RIGHT_OPERATE) != 0);
		break;
	case PARAM_REGISTRY:
		bind_registry(b);
		break;
	case PARAM_NEW_ID:
		id = uuid_new();
		pg_arg_uuid(b->args, &id);
		break;
	case PARAM_RIGHTS:
		bind_rights(b);
		break;
	case PARAM_DIRECT:
		pg_arg_bool(b->args, b->faults->n == 0 && b->provider.p &&
		                         b->in->may_dispatch(b->in->user, b->provider, b->ntasks));
		break;
	default:
		abort(); /* the table says that somebody gives it */
	}
}

static void bind_null(struct binding *b)
{
	pg_arg_null(b->args);
}

static void bind_nothing(struct binding *b)
{
	(void)b;
}

/* For headers that the route itself reads. */
static void leave_unbound(struct binding *b, const struct given *g)
{
	(void)b;
	(void)g;
}

static const struct {
	void (*given)(struct binding *b, const struct given *g);
	void (*absent)(struct binding *b);
} kinds[] = {
    [PARAM_UUID] = {param_bind_uuid, bind_null},
    [PARAM_INT] = {param_bind_int, bind_null},
    [PARAM_ENUM] = {param_bind_enum, bind_null},
    [PARAM_PROVIDER] = {param_bind_provider, bind_null},
    [PARAM_RESOURCES] = {param_bind_resources, param_bind_every_resource},
    [PARAM_SOME_RESOURCES] = {param_bind_resources, bind_null},
    [PARAM_BOOL] = {param_bind_bool, bind_null},
    [PARAM_CURSOR] = {param_bind_cursor, bind_null},
    [PARAM_TEXT] = {param_bind_text, bind_null},
    [PARAM_IDS] = {param_bind_ids, bind_null},
    [PARAM_NAMES] = {param_bind_names, bind_null},
    [PARAM_OBJECT] = {param_bind_object, bind_null},
    [PARAM_TEXTS] = {param_bind_texts, bind_null},
    [PARAM_OBJECTS] = {param_bind_objects, bind_null},
    [PARAM_SECRET] = {param_check_secret, bind_nothing},
    [PARAM_TRACEPARENT] = {param_bind_traceparent, bind_null},
    [PARAM_EVENT_ID] = {param_bind_event_id, bind_null},
    [PARAM_TIME] = {param_bind_time, bind_null},
    [PARAM_DAY_OR_TIME] = {param_bind_day_or_time, bind_null},
    [PARAM_IDEMPOTENCY_KEY] = {param_keep_idempotency_key, bind_nothing},
    [PARAM_IF_NONE_MATCH] = {leave_unbound, bind_nothing},
    [PARAM_PREFER] = {leave_unbound, bind_nothing},
    [PARAM_OWN_TENANT] = {param_check_own_tenant, bind_nothing},
};

void param_bind_absent(struct binding *b)
{
	assert(b->param->type < ARRAY_SIZE(kinds));
	kinds[b->param->type].absent(b);
}

void param_bind_given(struct binding *b, const struct given *g)
{
	assert(b->param->type < ARRAY_SIZE(kinds));
	kinds[b->param->type].given(b, g);
}

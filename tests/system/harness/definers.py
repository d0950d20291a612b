# SPDX-License-Identifier: Apache-2.0
"""The functions that requests run with the owner's rights (`security definer`): row level security does not hold in them, so each
has a case here that asks for another's, or a reason why it needs none. test_tenants.py holds the database against this list."""


def accept(connection, tenant):
    return ("select status from accept_sync(uuid_v7(), %s::uuid, 'http', null, %s::uuid, 'practicepanther', '{contacts}', 'full', "
            "null, false)", tenant, connection)


def letters(call, whose):
    ids = f"row(array['{whose['task_id']}'::uuid], null, null, null, null, null)::letter_filter"
    return (f"select case when {call.format(ids)} then 200 else 404 end",)


# Of every function that runs as the owner: how to ask it for what is another's; `tenant` is his, spoofed, or ours.
TRIES = {
    "accept_syncs": lambda whose, tenant: accept(whose["connection_id"], tenant),
    "cancel_sync": lambda whose, tenant: ("select status from cancel_sync(%s::uuid, %s::uuid)", whose["sync_id"], tenant),
    "retry_sync": lambda whose, tenant: ("select status from retry_sync(uuid_v7(), %s::uuid, %s::uuid, null)", whose["sync_id"], tenant),
    "replay_records": lambda whose, tenant: (
        "select status from replay_records(uuid_v7(), %s::uuid, %s::uuid, 'contacts', null, null)", tenant, whose["connection_id"]),
    "put_schedule": lambda whose, tenant: (
        "select status from put_schedule(false, %s::uuid, %s::uuid, %s::uuid, 'practicepanther', 60, null, null, null, 'full', 'once', true)",
        whose["schedule_id"], tenant, whose["connection_id"]),
    "delete_schedule": lambda whose, tenant: ("select status from delete_schedule(%s::uuid, %s::uuid)", whose["schedule_id"], tenant),
    "create_webhook": lambda whose, tenant: (
        "select status from create_webhook(uuid_v7(), %s::uuid, 'https://example.com/', null, null, 'x')", whose["tenant_id"]),
    "change_webhook": lambda whose, tenant: (
        "select status from change_webhook(%s::uuid, %s::uuid, null, null, null, false)", whose["webhook_id"], tenant),
    "delete_webhook": lambda whose, tenant: ("select status from delete_webhook(%s::uuid, %s::uuid)", whose["webhook_id"], tenant),
    "rotate_webhook": lambda whose, tenant: ("select status from rotate_webhook(%s::uuid, %s::uuid, 'x')", whose["webhook_id"], tenant),
    "test_webhook": lambda whose, tenant: ("select status from test_webhook(%s::uuid, %s::uuid)", whose["webhook_id"], tenant),
    "redeliver": lambda whose, tenant: (
        "select status from redeliver(%s::uuid, %s::uuid, %s::uuid)", whose["webhook_id"], whose["delivery_id"], tenant),
    "create_key": lambda whose, tenant: (
        "select status from create_key(uuid_v7(), %s::uuid, 'x', '{read}', null, '{read}', sha256('x'))", whose["tenant_id"]),
    "revoke_key": lambda whose, tenant: ("select status from revoke_key(%s::uuid, %s::uuid)", whose["key_id"], tenant),
    "pause_connection": lambda whose, tenant: (
        "select case when pause_connection(%s::uuid, 'x', 'x') is null then 404 else 200 end", whose["connection_id"]),
    "resume_connection": lambda whose, tenant: (
        "select case when resume_connection(%s::uuid, 'x') is null then 404 else 200 end", whose["connection_id"]),
    "dead_letter": lambda whose, tenant: (
        "select case when dead_letter(false, %s::uuid) is null then 404 else 200 end", whose["task_id"]),
    "open_dead_letters": lambda whose, tenant: letters("exists (select from open_dead_letters(false, {}, null, 10))", whose),
    "replay_dead_letters": lambda whose, tenant: letters("(replay_dead_letters(false, {}, 9, '', null) ->> 'replayed')::int = 1", whose),
    "discard_dead_letters": lambda whose, tenant: letters("(discard_dead_letters(false, {}, 9, '', '') ->> 'discarded')::int = 1", whose),
}
TRIES |= {name: (lambda call: lambda whose, tenant: (f"select status from {call}", whose["connection_id"], tenant))(call) for name, call in {
    "get_connection": "get_connection(%s::uuid, %s::uuid)",
    "disconnect": "disconnect(%s::uuid, %s::uuid)",
    "disconnect_done": "disconnect_done(%s::uuid, %s::uuid, 'done')",
    "ask_connection": "(select %s::uuid as id, %s::uuid as tenant) i, ask_connection(uuid_v7(), i.tenant, i.id, 'other', '{}', null)",
    "begin_consent": "(select %s::uuid as id, %s::uuid as tenant) i, begin_consent(uuid_v7(), i.tenant, null, 'practicepanther', i.id, "
                     "null, '{}', null, 60)",
}.items()}
TRIES |= {
    "practicepanther_synced": lambda whose, tenant: ("select status from practicepanther_synced(%s::uuid, %s::uuid)", whose["sync_id"], tenant),
    "practicepanther_disconnected": lambda whose, tenant: (
        "select status from practicepanther_disconnected(%s::uuid, %s::uuid, null)", whose["connection_id"], tenant),
}
TRIES["accept_records"] = lambda whose, tenant: (
    "select status from accept_records(uuid_v7(), %s::uuid, %s::uuid, 'leads', '{1}', null)", tenant, whose["connection_id"])
TRIES["highlevel_name"] = lambda whose, tenant: ("select status from highlevel_name(%s::uuid, %s::uuid)", whose["ask_id"], tenant)
TRIES["get_ask"] = lambda whose, tenant: ("select status from get_ask(%s::uuid, %s::uuid)", whose["ask_id"], tenant)
TRIES |= {
    "open_workspace": lambda whose, tenant: ("select status from open_workspace(%s::uuid, %s::uuid)", whose["tenant_id"], whose.get("workspace_owner")),
    "list_messages": lambda whose, tenant: (
        "select case json_array_length(body::json -> 'messages') when 0 then 404 else status end from list_messages(%s::uuid, null, 9, null, "
        "'anything', null, null, null, null, null, null, %s::uuid)", tenant, whose["integration_id"]),
    "list_events": lambda whose, tenant: (
        "select case json_array_length(body::json -> 'events') when 0 then 404 else status end from list_events(%s::uuid, null, null, null, null, "
        "null, false, 9, null, %s::uuid)", tenant, whose["calendar_id"]),
}
# Nothing of a user's.
TENANTS_ONLY = {"create_key", "revoke_key", "create_webhook", "change_webhook", "delete_webhook", "rotate_webhook", "test_webhook",
                "redeliver", "practicepanther_synced"}
# Functions that run as the owner before there is a scope.
UNSCOPED = {"caller_of_key": "tells of a key only to who knows its hash", "caller_of_token": "a verified token names him",
            "user_seen": "a verified token names him", "ended_syncs": "whether an id has ended, to who was given it",
            "recall_answer": "of the scope's own tenant", "keep_answer": "for the scope's own tenant",
            "actor": "tells a user's name to his own request",
            "follow_tenant": "for the scope's own tenant: test_following_another_tenant",
            **{name: "the fleet's; its route needs the right `operate`" for name in (
                "pause_provider", "resume_provider", "drain_worker", "undrain_worker", "list_workers", "close_breaker", "list_breakers")},
            "spend_consent": "a signed state names it",
            **{name: "the fleet's; its route needs INTERNAL_SYNC_SECRET" for name in ("hand_out_job", "handed_out_job")}, "account_connection": "after a consent, in whose tenant it began",
            "connect_account": "after a consent, in whose tenant it began", "publish_connection": "a trigger",
            "audit_sync": "a trigger", "practicepanther_connect": "after a consent, in whose tenant it began",
            **{f"practicepanther_{name}": "finds only what is in the scope: test_practicepanther.py, test_only_admins_may" for name in (
                "own", "status", "trigger_sync")},
            **{name: "of a provider, whoever's calls they were" for name in ("provider_response_ms", "provider_is_open")},
            "asks_ended": "says of ids that nobody guesses whether they have ended",
            "list_connections": "only lists what is in the scope, as test_every_list_holds_only_the_callers_own shows"}

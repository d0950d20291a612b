# SPDX-License-Identifier: Apache-2.0
"""Google's integrations of an account, with a message and an event, for tests that ask nobody for them."""
from psycopg2.extras import Json

MESSAGE = {"snippet": "anything", "payload": {"headers": [{"name": "Subject", "value": "A subject"},
                                                          {"name": "From", "value": "Ada <ada@example.com>"}]}}


def integrate(fleet, tenant, connection, owner=None):
    """The ids of the two integrations, Gmail's first."""
    made = [fleet.value("insert into google_integrations (tenant_id, workspace_id, owner_user_id, connection_id, provider) values "
                        "(%s, workspace_of(%s, %s), %s, %s, %s) returning id", tenant, tenant, owner, owner, connection, product)
            for product in ("gmail", "google_calendar")]
    fleet.sql("insert into sync_email_messages (connection_id, tenant_id, id, internal_date, label_ids, payload, content_hash) values "
              "(%s, %s, 'm', now(), '[\"INBOX\"]', %s, 0)", connection, tenant, Json(MESSAGE))
    fleet.sql("insert into sync_calendar_events (connection_id, tenant_id, id, calendar_id, event_id, status, start_at, end_at, payload, "
              "content_hash) values (%s, %s, 'c/e', 'c', 'e', 'confirmed', now(), now() + interval '1 day', '{}', 0)", connection, tenant)
    return made

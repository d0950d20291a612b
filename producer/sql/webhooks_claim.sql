-- $1 webhooks with deliveries under way here, $2 how many, $3 at most of each, $4 at most of all, $5 milliseconds for which they are ours
select delivery_id, webhook_id, tenant_id, event_id, payload, tries, url, secret, old_secret
from claim_deliveries($1::uuid[], $2::int8[], $3::int8, $4::int8, $5::int8 * interval '1 millisecond')

-- $1 tenant
select w.webhook_id, n.name as tenant, w.active, d.due, d.failing, d.delivered_at, w.held_until, w.created_at, w.url,
    to_json(w.event_types) as event_types, w.disabled_reason
from webhooks w join tenants n using (tenant_id) cross join lateral (
    select count(*) filter (where x.due_at is not null) as due,
        count(*) filter (where x.due_at is not null and x.tries > 0) as failing, max(x.delivered_at) as delivered_at
    from webhook_deliveries x where x.webhook_id = w.webhook_id) d
where $1::text is null or n.name = $1
order by n.name, w.created_at

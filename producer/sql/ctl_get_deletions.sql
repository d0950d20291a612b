-- $1 tenant. Deletions that the guard holds back.
select s.connection_id, t.name as tenant, c.provider, c.external_id, s.resource, s.withheld_records as records,
    s.withheld_of as of, coalesce(s.accepted_records = s.withheld_records, false) as accepted, s.withheld_at
from resource_states s join connections c using (connection_id) join tenants t using (tenant_id)
where s.withheld_records is not null and ($1::text is null or t.name = $1)
order by t.name, c.provider, c.external_id, s.resource

-- $1 tenant_id
select status, location, body, dispatch from practicepanther_status($1::uuid)

-- $1 tenant_id
select status, location, body, dispatch from practicepanther_own($1::uuid)

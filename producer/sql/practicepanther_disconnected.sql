-- $1 connection_id, $2 tenant_id, $3 user_id
select status, location, body, dispatch from practicepanther_disconnected($1::uuid, $2::uuid, $3::uuid)

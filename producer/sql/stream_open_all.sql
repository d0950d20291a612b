-- $1 tenant_id, $2 the last event that he was told of
select * from follow_tenant($1::uuid, $2::text)

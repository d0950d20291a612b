-- $1 sync_id
select a.status, a.body from syncs s cross join lateral retry_sync(uuid_v7(), s.sync_id, s.tenant_id, null) a
where s.sync_id = $1::uuid
union all
select 404, problem(404, 'unknown_sync', 'no sync has this id') where not exists (select from syncs where sync_id = $1::uuid)

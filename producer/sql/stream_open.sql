-- May the caller listen to the sync $1 of his tenant $2, and from where on? 204: he was told its end, says $3.
select case when s.sync_id is null then 404 when s.ended_at is not null and $3::text like '%-done' then 204 else 200 end as status,
    event_point() as location,
    case when s.sync_id is null
        then problem(404, 'unknown_sync', 'no sync with this id belongs to the caller''s tenant', '{sync_id}')
        else s.sync_id::text end as body,
    null::text as dispatch
from (select) as always left join syncs s on s.sync_id = $1::uuid and s.tenant_id = $2::uuid

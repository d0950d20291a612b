-- $1 worker_id
with done as materialized (select undrain_worker($1::uuid, current_setting('syncfleet.actor')) as answer)
select case when answer is null then 404 else 200 end as status, answer::text as body from done

-- $1 worker_id, $2 reason
with done as materialized (
    select drain_worker($1::uuid, coalesce($2::text, 'no reason was given'), current_setting('syncfleet.actor')) as answer)
select case when answer is null then 404 else 200 end as status, answer::text as body from done

-- $1 connection_id
with done as materialized (select resume_connection($1::uuid, current_setting('syncfleet.actor')) as answer)
select case when answer is null then 404 else 200 end as status, answer::text as body from done

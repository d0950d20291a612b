-- A worker that ends in good order: whatever it still holds goes back at once.
with left_over as (
    update sync_tasks set state = 'queued', owner = null, queued_at = now(), wait_reason = null
    where owner = $1 and state = 'running')
delete from workers where worker_id = $1

-- $1 sync_id
select status, location, body, dispatch from handed_out_job($1::uuid)

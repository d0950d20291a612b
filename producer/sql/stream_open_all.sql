-- $1 the last event that he was told of. Where he goes on or begins, and where everybody is.
select 200 as status, coalesce($1::text, event_point()) as location, event_point() as body, null::text as dispatch

-- The lease is over without a new pair; throttled, nobody asks again for so many milliseconds.
update connections
set refresh_owner = null, refresh_until = null,
    refresh_after = case when $3::int8 > 0 then now() + $3::int8 * interval '1 millisecond' end
where connection_id = $1 and refresh_owner = $2

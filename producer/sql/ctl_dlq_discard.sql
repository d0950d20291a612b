-- $1 ids, $2 connection, $3 provider, $4 resource, $5 class, $6 fingerprint, $7 limit, $8 reason
select (a ->> 'discarded')::int as discarded, (a ->> 'more')::boolean as more, 0 as waiting, null::json as syncs
from (select discard_dead_letters(true, row($1::uuid[], $2::uuid, $3::text, $4::text, $5::text, $6::text)::letter_filter,
    $7::int, current_setting('syncfleet.actor'), $8::text) as a offset 0) x

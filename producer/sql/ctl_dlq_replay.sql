-- $1 ids, $2 connection, $3 provider, $4 resource, $5 class, $6 fingerprint, $7 limit, $8 reason: replays need none
select (a ->> 'replayed')::int as replayed, (a ->> 'more')::boolean as more, (a ->> 'waiting')::int as waiting, a -> 'syncs' as syncs
from (select replay_dead_letters(true, row($1::uuid[], $2::uuid, $3::text, $4::text, $5::text, $6::text)::letter_filter,
    $7::int, coalesce($8::text || ' ', '') || current_setting('syncfleet.actor'), null) as a offset 0) x

-- One refresh per connection in the fleet: a row comes back to the one who may call the token endpoint. `unfinished`: the
-- lease before this one ran out, and its owner may still come with a new pair.
update connections c
set refresh_owner = $3, refresh_until = now() + $4::int8 * interval '1 millisecond', refresh_after = null
from (select connection_id, refresh_owner is not null as unfinished from connections where connection_id = $1 for update) was
where c.connection_id = was.connection_id and c.token_version = $2::int8 and c.status not in ('reauthorize', 'disconnected')
    and (c.refresh_until is null or c.refresh_until < now()) and (c.refresh_after is null or c.refresh_after <= now())
returning c.secret, was.unfinished

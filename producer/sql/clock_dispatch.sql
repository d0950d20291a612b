select provider, room, backlog, messages
from dispatch_queued($1::text[], $2::int8::int, $3::int8 * interval '1 millisecond')

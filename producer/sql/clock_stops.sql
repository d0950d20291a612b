-- $1 percent of failures (0: no cap) of at least $2 failed tasks within $3 milliseconds stop a provider; probes go after $4
select provider, kind, reason
from judge_failures($1::int8::int, $2::int8::int, $3::int8 * interval '1 millisecond', $4::int8 * interval '1 millisecond')

select openings, open_ms, reason
from breaker_judge($1, $2::int8 * interval '1 millisecond', $3::int8::int, $4::int8::int, $5::int8::int, $6::int8, $7::int8,
    $8::int8::int, $9)

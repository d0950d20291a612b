-- set: the same as over HTTP; the tenant is the connection's unless the message names one.
select status, location, body, dispatch
from accept_syncs($1::uuid[], $2::uuid[], 'kafka', $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::boolean[], $10::text[], $11::text[])

select status, location, body, dispatch
from accept_sync($1::uuid, $2::uuid, 'http', null, $3::uuid, $4::text, $5::text[], $6::text, $7::text, $8::boolean, $9::text, $10::text)

-- account_connect.sql's $1 to $9, $10 whether it came to PracticePanther's own callback
select status, location, body, dispatch
from practicepanther_connect($1::uuid, $2::uuid, $3::uuid, $4::boolean, $5::text, $6::text, $7::jsonb, $8::bytea, $9::bigint, $10::boolean)

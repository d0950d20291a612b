select status, location, body, dispatch from put_schedule(false, $1::uuid, $2::uuid, $4::uuid, $3::text, $5::int8::int, $6::text,
    $7::text, string_to_array($8::text, ','), $9::text, $10::text, $11::boolean)

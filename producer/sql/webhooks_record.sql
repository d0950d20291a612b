select record_deliveries($1::uuid[], $2::int8[], $3::int8[], $4::text[], $5::int8[], $6::bool[], $7::int8[])

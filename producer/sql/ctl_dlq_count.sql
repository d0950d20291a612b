-- $1 ids, $2 connection, $3 provider, $4 resource, $5 class, $6 fingerprint
select count(*) from open_dead_letters(true, row($1::uuid[], $2::uuid, $3::text, $4::text, $5::text, $6::text)::letter_filter,
    null, null)

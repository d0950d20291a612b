-- $1 days of evidence, $2 days of syncs (0: for ever), $3 whether idle budgets are looked for, too
select forget_old($1::int8 * interval '1 day', $2::int8 * interval '1 day', $3::boolean, 500)

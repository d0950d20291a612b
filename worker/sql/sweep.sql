-- The next step of the sweeps of $1 tasks, of $2 epochs, in $3 tables; $4 so many walks must have missed a record, $5
-- percents and $6 rows that the guard lets pass, $7 rows of a step.
select * from sweep_tasks($1::uuid[], $2::int8[], $3::text[], $4::int8[], $5::int8[], $6::int8, $7::int8)

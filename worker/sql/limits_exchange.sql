-- What this worker learnt of the providers' limits, what it gives back, what it wants; see 0006_limits.sql.
select exchange_budgets($1, $2::int8, $3::int8, $4, $5)

-- $1 seconds for which deliveries that are done are kept
select forget_deliveries($1::int8 * interval '1 second', 1000)

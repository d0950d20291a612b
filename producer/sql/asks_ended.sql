-- $1 the ids of asks that somebody waits for
select asks_ended($1::uuid[])

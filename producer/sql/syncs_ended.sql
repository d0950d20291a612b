select * from ended_syncs($1::uuid[])

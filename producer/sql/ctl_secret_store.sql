-- $1 ids, and by their places $2 what was read, $3 what replaces it; a secret that has changed meanwhile is left alone.
update connections c set secret = b.sealed
from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as b(connection_id, old, sealed)
where c.connection_id = b.connection_id and c.secret = b.old

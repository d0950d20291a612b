update connections set refresh_owner = null, refresh_until = null where connection_id = $1 and refresh_owner = $2

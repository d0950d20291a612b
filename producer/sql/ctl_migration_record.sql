insert into schema_migrations (version, name, sha256, min_binary) values ($1, $2, $3, $4)

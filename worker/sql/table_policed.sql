-- Whether policies decide what this role sees of a table: PostgreSQL lets nobody COPY into it then.
select row_security_active(to_regclass($1))

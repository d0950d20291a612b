-- The columns of a table whose type has a length or a precision.
select a.attname::text, case when a.atttypid = 'numeric'::regtype then 'numeric' else 'text' end, a.atttypmod
from pg_attribute a
where a.attrelid = to_regclass($1) and a.attnum > 0 and not a.attisdropped and a.atttypmod >= 4
    and a.atttypid in ('numeric'::regtype, 'varchar'::regtype, 'bpchar'::regtype)

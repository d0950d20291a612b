-- $1 who gives the commands, for audit_logs. Times come in one form, whatever the server prefers; the time is told since
-- the operator's machine may have another one.
select set_config('datestyle', 'ISO', false), set_config('timezone', 'UTC', false), set_config('syncfleet.actor', $1, false),
    (extract(epoch from clock_timestamp()) * 1000000)::bigint

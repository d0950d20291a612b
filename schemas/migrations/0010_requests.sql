-- oldest binary: 0.1.0
-- Requests: idempotency keys, priorities.
select;

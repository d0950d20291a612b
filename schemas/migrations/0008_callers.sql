-- oldest binary: 0.1.0
-- Callers: the rights of service keys, and what is counted of each caller.
select;

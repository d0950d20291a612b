-- oldest binary: 0.1.0
-- Schedules: ticks of a connection.
select;

-- oldest binary: 0.1.0
-- Operating: pauses, drains, dead letters.
select;

-- How many are due, up to 10000, and for how long the first has been.
select count(*), coalesce(extract(epoch from schedule_now() - min(d.next_tick_at)) * 1000, 0)::bigint
from (select s.next_tick_at from schedules s where s.next_tick_at <= schedule_now() order by s.next_tick_at limit 10000) d

select provider, case when not open then 'closed' when open_until > now() then 'open' else 'half_open' end, openings,
    iso_time(opened_at), iso_time(open_until), iso_time(closed_at), reason
from breakers order by provider

select * from json_to_recordset(list_breakers()) as b(provider text, state text, openings int, opened_at timestamptz,
    open_until timestamptz, closed_at timestamptz, reason text)

select 200 as status, null::text as location, json_build_object('breakers', list_breakers())::text as body,
    null::text as dispatch

select 200 as status, null::text as location, json_build_object('workers', list_workers())::text as body,
    null::text as dispatch

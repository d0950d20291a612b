-- $1 ask_id, $2 tenant_id, $3 context. Zoho answers for each field by its place; what it made stays although others failed.
with told as (select a.* from zoho_answered($1::uuid, $2::uuid) a),
each as (
    select o.n, coalesce($3::text::jsonb -> 'labels' ->> (o.n - 1)::int, 'fields') as label, o.f from told,
        json_array_elements(answer -> 'fields') with ordinality o(f, n)),
data as (
    select json_build_object('connection_id', t.connection_id, 'module', $3::text::jsonb ->> 'module',
        'created', (select count(*) from each where f ->> 'status' = 'success'),
        'fields', (select json_agg(json_build_object('field_label', label, 'status', f -> 'status', 'code', f -> 'code',
            'message', f -> 'message', 'id', f -> 'details' -> 'id') order by n) from each)) as made,
        (select json_agg(json_build_object('pointer', '#/fields/' || label, 'detail', f ->> 'message') order by n)
            from each where f ->> 'status' <> 'success') as faults
    from told t)
select case when t.problem is not null then t.status when d.faults is null then 201 else 422 end, null::text,
    case when t.problem is not null then t.problem when d.faults is null then zoho_success('Custom fields created', d.made)
        else (problem(422, 'fields_not_created', 'Zoho CRM did not create every field')::jsonb
            || jsonb_build_object('errors', d.faults, 'data', d.made))::text end, null::text
from told t, data d

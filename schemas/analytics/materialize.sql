-- sync.results in Materialize: the topic as JSON, and a view of its columns without repeats.

create connection kafka to kafka (broker 'kafka:9092', security protocol 'plaintext');

create source sync_results_queue from kafka connection kafka (topic 'sync.results') format json envelope none;

create view sync_results as
select distinct on (event_id)
    (data ->> 'event_id')::uuid as event_id,
    data ->> 'event_type' as event_type,
    (data ->> 'occurred_at')::timestamptz as occurred_at,
    (data ->> 'sync_id')::uuid as sync_id,
    data -> 'sync_ids' as sync_ids,
    (data ->> 'task_id')::uuid as task_id,
    (data ->> 'tenant_id')::uuid as tenant_id,
    (data ->> 'connection_id')::uuid as connection_id,
    data ->> 'provider' as provider,
    data ->> 'resource' as resource,
    data ->> 'mode' as mode,
    data ->> 'state' as state,
    data ->> 'error_class' as error_class,
    data ->> 'error_message' as error_message,
    (data ->> 'records_inserted')::bigint as records_inserted,
    (data ->> 'records_updated')::bigint as records_updated,
    (data ->> 'records_unchanged')::bigint as records_unchanged,
    (data ->> 'records_deleted')::bigint as records_deleted,
    (data ->> 'records_quarantined')::bigint as records_quarantined,
    (data ->> 'created_at')::timestamptz as created_at,
    (data ->> 'started_at')::timestamptz as started_at,
    (data ->> 'ended_at')::timestamptz as ended_at,
    (data ->> 'sequence')::int as sequence
from sync_results_queue
order by event_id, occurred_at;

-- sync.results in Flink SQL: the topic as a table, and the same without repeats.

create table sync_results_queue (
    event_id string,
    event_type string,
    occurred_at timestamp_ltz(6),
    sync_id string,
    sync_ids array<string>,
    task_id string,
    tenant_id string,
    connection_id string,
    provider string,
    resource string,
    mode string,
    state string,
    error_class string,
    error_message string,
    records_inserted bigint,
    records_updated bigint,
    records_unchanged bigint,
    records_deleted bigint,
    records_quarantined bigint,
    created_at timestamp_ltz(6),
    started_at timestamp_ltz(6),
    ended_at timestamp_ltz(6),
    sequence int,
    watermark for occurred_at as occurred_at - interval '30' second
) with (
    'connector' = 'kafka',
    'properties.bootstrap.servers' = 'kafka:9092',
    'properties.group.id' = 'flink',
    'topic' = 'sync.results',
    'scan.startup.mode' = 'earliest-offset',
    'format' = 'json',
    'json.timestamp-format.standard' = 'ISO-8601'
);

create view sync_results as
select * from (
    select *, row_number() over (partition by event_id order by occurred_at) as nth from sync_results_queue)
where nth = 1;

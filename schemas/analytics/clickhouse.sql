-- sync.results in ClickHouse: a queue that reads the topic, a table without repeats, and what carries from the one to the other.
-- Read it with `final`, or group by event_id: repeats go when parts are merged.

create table sync_results (
    event_id UUID,
    event_type LowCardinality(String),
    occurred_at DateTime64(6, 'UTC'),
    sync_id Nullable(UUID),
    sync_ids Array(UUID),
    task_id Nullable(UUID),
    tenant_id UUID,
    connection_id UUID,
    provider LowCardinality(String),
    resource LowCardinality(Nullable(String)),
    mode LowCardinality(String),
    state LowCardinality(String),
    error_class LowCardinality(Nullable(String)),
    error_message Nullable(String),
    records_inserted UInt64,
    records_updated UInt64,
    records_unchanged UInt64,
    records_deleted UInt64,
    records_quarantined UInt64,
    created_at DateTime64(6, 'UTC'),
    started_at Nullable(DateTime64(6, 'UTC')),
    ended_at DateTime64(6, 'UTC'),
    sequence UInt32
) engine = ReplacingMergeTree
partition by toYYYYMM(occurred_at)
order by (tenant_id, provider, occurred_at, event_id);

create table sync_results_queue as sync_results
engine = Kafka
settings kafka_broker_list = 'kafka:9092', kafka_topic_list = 'sync.results', kafka_group_name = 'clickhouse',
    kafka_format = 'JSONEachRow', date_time_input_format = 'best_effort', input_format_skip_unknown_fields = 1;

create materialized view sync_results_arrive to sync_results as select * from sync_results_queue;

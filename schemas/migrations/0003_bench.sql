-- oldest binary: 0.1.0
-- The benchmarks' mock provider.

create table bench_contacts (
  connection_id uuid not null,
  tenant_id uuid not null,
  id text collate "C" not null,
  name text,
  email text,
  status text,
  amount double precision,
  created_at timestamptz,
  updated_at timestamptz,
  address jsonb,
  tags jsonb,
  notes text,
  content_hash bigint not null,
  first_seen_at timestamptz not null default now(),
  synced_at timestamptz not null default now(),
  deleted_at timestamptz,
  primary key (connection_id, id)
);

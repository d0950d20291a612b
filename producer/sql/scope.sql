-- $1 tenant_id, $2 user_id when the caller sees only his own: what row level security goes by, to the transaction's end
select set_config('syncfleet.tenant_id', $1::uuid::text, true), set_config('syncfleet.user_id', coalesce($2::uuid::text, ''), true)

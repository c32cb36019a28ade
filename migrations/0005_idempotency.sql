-- Which Idempotency-Key of which caller is being served, and what was answered; kept for 24 hours.
-- `fingerprint` is keyed and `answer` encrypted by the caller's own API key, which is not in the database: requests hold
-- passwords of CRMs, answers hold people.
create table idempotency_keys (
  actor text collate "C" not null,
  key text collate "C" not null check (length(key) between 1 and 255),
  fingerprint bytea not null,
  holder uuid not null,
  leased_until timestamptz not null,
  created_at timestamptz not null,
  answer bytea,
  primary key (actor, key)
);
create index idempotency_keys_created_at_idx on idempotency_keys (created_at);

grant select, insert, update, delete on idempotency_keys to crm_sync_service;

-- What the CRM tells us by itself: who may, and which records are to be looked at because of it.

-- State, not facts. Several may open at a time: a delivery may be repeated for two days after its address was replaced.
create table webhook_tokens (
  connection_id uuid not null,
  -- SHA-256 of 256 random bits.
  digest bytea not null,
  -- Which one is newer, whatever the clock has done.
  ordinal bigint generated always as identity,
  -- Set once a newer one is in use.
  expires_at timestamptz,
  primary key (connection_id, digest)
);

-- Which connections have webhooks, and who was first with a change since: a webhook or a sync.
create table webhooks (
  connection_id uuid primary key,
  registered boolean not null,
  events text[] not null,
  registered_at timestamptz not null,
  -- When a complete sync after that ended: whatever a later one finds, a webhook should have told.
  counted_since timestamptz,
  by_webhook int not null default 0,
  by_sync int not null default 0
);

-- The inbox, one row for each record, however often it is told of. State, not facts: kept for a while after the last look.
create table looks (
  connection_id uuid not null,
  -- client, booking, or all: what it was about could not be told.
  kind text not null,
  external_id text collate "C" not null,
  -- How often a look was asked for, and how many of these had been asked when the last one began.
  wanted bigint not null,
  done bigint not null,
  asked_at timestamptz not null,
  -- Since when something waits that no look has begun for.
  waiting_since timestamptz,
  -- When the next look may begin; while one goes on, when its worker is taken for dead. Null: nothing is wanted.
  due_at timestamptz,
  lease uuid,
  tries int not null default 0,
  correlation_id text not null,
  -- When the last look began to read, and when the last one that came to its end did.
  looked_at timestamptz,
  applied_at timestamptz,
  outcome text,
  primary key (connection_id, kind, external_id)
);
create index looks_due_idx on looks (connection_id, due_at) where due_at is not null;
create index looks_applied_idx on looks (connection_id, applied_at);
create index looks_asked_idx on looks (asked_at);

-- State, not facts: until when a CRM that does not answer is left alone.
create table look_pauses (
  connection_id uuid primary key,
  until timestamptz not null,
  failures int not null
);

grant select, insert, update, delete on webhook_tokens, webhooks, looks, look_pauses to crm_sync_service;

-- Who we may talk to, and how.
create table connections (
  id uuid primary key,
  provider text not null,
  name text not null,
  company text not null,
  login text not null,
  domain text not null,
  timezone text,
  country text,
  clients_without_email text not null,
  client_fields boolean not null,
  status text not null,
  attention jsonb,
  created_at timestamptz not null,
  version int not null,
  last_synced_at timestamptz
);
create unique index connections_one_per_company on connections (provider, domain, company)
  where status <> 'disconnected';

-- State, not facts: sealed with the installation's key, gone when the connection is.
create table connection_secrets (
  connection_id uuid primary key,
  secret bytea not null,
  -- What the user's authenticator app was set up with, and the last time step whose code was used.
  totp_secret bytea,
  totp_step bigint,
  token bytea,
  -- For a second API of the same CRM that does not take the first one's.
  other_token bytea,
  -- Whoever holds the lease is the one that asks the CRM for a new token.
  token_lease uuid,
  token_lease_until timestamptz,
  -- When the next request to this company may be sent; shared by all instances.
  next_request_at timestamptz not null default now()
);

-- State, not facts: what the last login for this token was refused with, and until when none is made.
create table login_refusals (
  connection_id uuid references connection_secrets on delete cascade,
  slot text,
  refusal jsonb not null,
  refused_at timestamptz not null,
  held_until timestamptz not null,
  primary key (connection_id, slot)
);

-- State, not facts: who is connecting a company at the moment.
create table connecting (
  provider text not null,
  company text not null,
  lease uuid not null,
  lease_until timestamptz not null,
  primary key (provider, company)
);

grant select, insert, update, delete on connections, connection_secrets, login_refusals, connecting
  to crm_sync_service;

-- Who we may talk to, and how.
create table connections (
  id uuid primary key,
  provider text not null,
  name text not null,
  company text not null,
  login text not null,
  domain text not null,
  timezone text,
  clients_without_email text not null,
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
  token bytea,
  -- Whoever holds the lease is the one that asks the CRM for a new token.
  token_lease uuid,
  token_lease_until timestamptz,
  -- When the next request to this company may be sent; shared by all instances.
  next_request_at timestamptz not null default now()
);

grant select, insert, update, delete on connections, connection_secrets to crm_sync_service;

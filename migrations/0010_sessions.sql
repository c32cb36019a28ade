-- Who has signed in to the console, and the links that sign in once. Tokens are not kept: `mark` is their HMAC under the API
-- key, so that a copy of the database opens nothing and another key ends every session.
create table sessions (
  mark bytea primary key,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index sessions_expires_at_idx on sessions (expires_at);

create table sign_in_links (
  mark bytea primary key,
  expires_at timestamptz not null
);

grant select, insert, delete on sessions, sign_in_links to crm_sync_service;

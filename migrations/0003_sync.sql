-- Runs, and what they know of the CRM's clients.
create table sync_runs (
  id uuid primary key,
  -- Of its first event: runs are in this order, whatever the clock has done.
  position bigint not null,
  connection_id uuid not null,
  trigger text not null,
  status text not null,
  counts json,
  error jsonb,
  warnings jsonb not null default '[]',
  -- How many clients it has missed, found to be gone, and met again; null for none.
  absences jsonb,
  -- How many deletions it has held and why; and who has approved them.
  held_deletions jsonb,
  approved_at timestamptz,
  approved_by text,
  started_at timestamptz not null,
  finished_at timestamptz
);
create index sync_runs_newest_idx on sync_runs (position desc);
create index sync_runs_of_connection_idx on sync_runs (connection_id, position desc);
create index sync_runs_status_idx on sync_runs (status, position desc);

-- State, not facts: the one run that a connection may have at a time. Who works on it is the queue's affair; whoever
-- does proves with every write that nobody has taken it up since.
create table active_runs (
  connection_id uuid primary key,
  run_id uuid not null unique,
  -- How often it has been taken up.
  fence int not null default 0,
  counts json not null,
  phase text not null,
  done int not null,
  total int,
  -- Where the list of clients can be read on, in the CRM adapter's words; null is from its start.
  cursor text,
  -- What is to be said of the clients once the bookings are done: { doubt, warnings }.
  found jsonb,
  -- What was heard with the records that it has written, each code once, and is to be said at its end.
  warnings jsonb not null default '[]',
  -- Who wants it to end: { actor, correlationId }.
  cancelled_by jsonb,
  moved_at timestamptz not null default clock_timestamp()
);

-- Whom a run has met, a row per batch: what it need not count again when it is taken up by another worker. `others` are
-- records that are nobody, such as those of deleted clients.
create table run_seen (
  run_id uuid not null references active_runs (run_id) on delete cascade,
  kind text not null,
  external_ids text[] not null,
  others text[] not null,
  written_at timestamptz not null default clock_timestamp()
);
create index run_seen_run_idx on run_seen (run_id, kind);

-- What each client looked like when it was last taken: an unchanged one costs this look-up and nothing else.
create table crm_clients (
  connection_id uuid not null,
  external_id text collate "C" not null,
  -- Null when the values have been erased.
  fingerprint bytea,
  -- Set while the client waits in quarantine; null when it has been dismissed there.
  code text,
  -- Somebody has put something right: its stream says what, and whether that still counts.
  fixed boolean not null default false,
  -- 'missing' or 'gone' while the CRM does not show the client, since when, and whether a person has approved that it is gone.
  absence text,
  absent_at timestamptz,
  -- The run that has said so, or that has met it again.
  absence_run uuid,
  approved boolean not null default false,
  primary key (connection_id, external_id)
);
create index crm_clients_fixed_idx on crm_clients (connection_id, external_id) where fixed;

create table quarantine (
  id uuid primary key,
  connection_id uuid not null,
  external_id text collate "C" not null,
  kind text not null,
  code text not null,
  detail text not null,
  record jsonb,
  first_seen_at timestamptz not null,
  -- State, not facts: bumped by every run that meets the record again unchanged.
  last_seen_at timestamptz not null,
  -- The end of the log then: what a run has met is what was met behind its beginning, whatever the clock has done.
  last_seen_position bigint not null,
  attempts int not null,
  -- The leads that want the same e-mail.
  leads uuid[] not null,
  -- Set when a person has said "never mind": it is not asked about any more, unless the CRM changes it.
  dismissed_at timestamptz,
  unique (connection_id, kind, external_id)
);
create index quarantine_newest_idx on quarantine (first_seen_at desc, id desc) where dismissed_at is null;
create index quarantine_code_idx on quarantine (code, first_seen_at desc, id desc) where dismissed_at is null;
create index quarantine_dismissed_idx on quarantine (first_seen_at desc, id desc) where dismissed_at is not null;

grant select, insert, update, delete on sync_runs, active_runs, run_seen, crm_clients, quarantine to crm_sync_service;

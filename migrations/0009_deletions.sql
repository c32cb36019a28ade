-- State, not facts: the clients that the last complete listing of their connection did not show, gone ones excepted. What is
-- lost with it is found again by the next run; only an approval has to be given once more.
create table missed_clients (
  connection_id uuid not null,
  external_id text collate "C" not null,
  -- The first run that missed it, and when.
  run_id uuid not null,
  missed_at timestamptz not null default clock_timestamp(),
  -- When it was last asked for by its id.
  looked_at timestamptz,
  -- The run whose deletions a person has approved, this one among them.
  approved_in uuid,
  primary key (connection_id, external_id)
);

grant select, insert, update, delete on missed_clients to crm_sync_service;

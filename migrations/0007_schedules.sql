-- When each connection syncs by itself. The schedule and whether it pauses follow from the log; the times do as long as
-- nothing was due. From then on they are state, not facts: whoever gets the row, whose times have come by the database's
-- clock, starts the run and moves them on, in one transaction.
create table sync_times (
  connection_id uuid primary key,
  schedule jsonb,
  -- While the connection needs attention.
  paused boolean not null default false,
  regular_at timestamptz,
  -- Set when the last run failed and is tried again before the regular time; `tries` of them since then.
  retry_at timestamptz,
  tries int not null default 0,
  -- The run that the last time that came has started or joined.
  run_id uuid
);
create index sync_times_due_idx on sync_times (least(regular_at, retry_at)) where not paused;
create index sync_times_run_idx on sync_times (run_id);

grant select, insert, update, delete on sync_times to crm_sync_service;

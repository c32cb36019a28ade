-- When each connection syncs by itself, as the log says: whoever gets the row, whose times have come by the database's clock,
-- starts the run and moves them on, in one transaction. Where it joins a run instead, they are moved on before the log says it.
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

grant select, insert, update, delete on sync_times to crm_sync_service;

-- The appointments of each CRM, as they were last taken.
create table bookings (
  id uuid primary key,
  connection_id uuid not null,
  external_id text collate "C" not null,
  client_id text collate "C",
  lead_id uuid,
  status text not null,
  code text,
  -- Null, like all that follows of the appointment, when its values have been erased.
  start_at timestamptz,
  end_at timestamptz,
  start_local text,
  end_local text,
  recorded_at timestamptz,
  recorded_local text,
  timezone text,
  service_id text,
  service text,
  provider_id text,
  provider text,
  -- What lists are sorted by: the start, or when it was taken where there is none any more.
  sort_at timestamptz not null,
  -- What tells an unchanged booking. Null when its values have been erased, and while a newer version waits in quarantine.
  fingerprint bytea,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version int not null,
  constraint bookings_source_key unique (connection_id, external_id)
);
create index bookings_newest_idx on bookings (sort_at desc, id desc);
create index bookings_of_lead_idx on bookings (lead_id, sort_at desc, id desc);
create index bookings_of_connection_idx on bookings (connection_id, sort_at desc, id desc);

grant select, insert, update, delete on bookings to crm_sync_service;

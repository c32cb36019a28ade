-- Who the leads are, and what each of their sources says.
create extension if not exists pg_trgm;

create table leads (
  id uuid primary key,
  name text,
  email text,
  email_key text collate "C",
  phone text,
  -- What else is known: address, and the phone as a number. Null when nothing is.
  details jsonb,
  status text not null,
  -- Lower-cased name, e-mail and phone, and the name as it sorts: computed in code, so that it is the same everywhere.
  search text not null,
  sort_name text collate "C" not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version int not null,
  -- The lead that this one is a part of now. Its row then holds no values, only the e-mail key that stays its own.
  merged_into uuid,
  -- Checked at commit: within one page an e-mail may move from one lead to another.
  constraint leads_email_key_key unique (email_key) deferrable initially deferred
);
create index leads_created_idx on leads (created_at desc, id desc);
create index leads_updated_idx on leads (updated_at desc, id desc);
create index leads_name_idx on leads (sort_name, id);
create index leads_search_idx on leads using gin (search gin_trgm_ops);

create table lead_sources (
  connection_id uuid not null,
  external_id text collate "C" not null,
  lead_id uuid not null,
  -- Where in the log the source was linked: the first one is the primary one.
  linked_position bigint not null,
  name text,
  email text,
  email_key text collate "C",
  phone text,
  -- What else it says: address, custom fields, and the phone as a number. Null when nothing.
  details jsonb,
  -- The merged lead that the source came with; null when it is the lead's own.
  home_id uuid,
  -- Since when the CRM has this client no more; it stands behind those that are there then.
  gone_at timestamptz,
  primary key (connection_id, external_id)
);
create index lead_sources_lead_idx on lead_sources (lead_id, linked_position);

-- When each connection's list was last seen whole.
create table lead_connections (
  connection_id uuid primary key,
  last_synced_at timestamptz not null
);

grant select, insert, update, delete on leads, lead_sources, lead_connections to crm_sync_service;

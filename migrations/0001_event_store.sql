-- The log: what happened, for ever. See docs/adr/0002-event-store.md.
-- The service works as the role crm_sync_service (made before the migrations run), which may read the log and call
-- append_events(), and nothing else: it can neither write, change nor remove an event by itself.

-- Declared stable, as what they call is: only then does PostgreSQL put them in line instead of calling them row by row.
create function iso_utc(value timestamptz) returns text
  language sql stable parallel safe
  return to_char(value at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

create table events (
  position bigint primary key,
  stream text collate "C" not null check (length(stream) <= 400 and stream ~ '^[A-Za-z0-9._:@~-]+$'),
  version int not null check (version > 0),
  type text collate "C" not null check (type ~ '^[A-Za-z0-9]+$'),
  data jsonb not null,
  subject text collate "C",
  personal bytea,
  meta jsonb not null check (meta ? 'actor' and meta ? 'correlationId'),
  recorded_at timestamptz not null,
  hash bytea not null,
  constraint events_stream_version_key unique (stream, version),
  check (personal is null or subject is not null)
);
create index events_type_position_idx on events (type, position);
create index events_run_position_idx on events ((meta ->> 'runId'), position) where meta ? 'runId';

-- The head of the log: exactly one row. Its lock is what makes positions gapless and in commit order.
create table event_log (
  singleton boolean primary key default true check (singleton),
  position bigint not null,
  hash bytea not null,
  recorded_at timestamptz not null
);
insert into event_log (position, hash, recorded_at) values (0, sha256('crm-sync'), '-infinity');

-- The key of each person whose values stand in events, wrapped with a key that is not in the database.
-- Destroying a row makes that person's values unreadable for ever.
create table subject_keys (
  subject text collate "C" primary key,
  wrapped_key bytea not null,
  -- The head of the log when the key was made: it opens later events only.
  after_position bigint not null
);

-- A value sealed with the installation's key when the database was new: a program with another key cannot open it, and
-- refuses to start instead of filling the database with what the right key cannot read.
create table installation (
  singleton boolean primary key default true check (singleton),
  seal bytea not null
);

-- Who may work on this database: whoever knows this migration ('': everybody), which came with this version of crm-sync. What
-- only adds leaves it as it is; a migration that takes away or changes what older versions use writes its own name here.
create table schema_needs (
  singleton boolean primary key default true check (singleton),
  migration text collate "C" not null,
  version text not null
);
insert into schema_needs (migration, version) values ('', '');

-- What an event's hash covers beside the previous hash. Text parts are separated by U+001F, which none of them can hold.
create function event_envelope(
  event_position bigint, stream text, version int, type text, subject text, recorded_at timestamptz
) returns bytea
  language sql stable parallel safe
  return convert_to(concat_ws(E'\x1f', event_position, stream, version, type, coalesce(subject, ''),
    (extract(epoch from recorded_at) * 1000000)::bigint), 'UTF8');

-- The digest of what is stored: jsonb in its one canonical text form, personal values as their ciphertext.
create function event_payload_digest(data jsonb, meta jsonb, personal bytea) returns bytea
  language sql stable parallel safe
  return sha256(sha256(convert_to(data::text, 'UTF8')) || sha256(convert_to(meta::text, 'UTF8'))
    || sha256(coalesce(personal, ''::bytea)));

-- Appends a batch, all or nothing. Each element: { stream, version, type, data, subject?, personal? (base64), cause? };
-- a cause is the text of a causationId, or the number of the element of this batch (from 1) that is the cause.
-- `version` is the version the event gets; the unique key refuses one that is taken (expected versions), the check below
-- one that would leave a gap. Call it as late in a transaction as possible: it locks the head until commit.
create function append_events(batch jsonb, batch_meta jsonb)
returns table (ordinal int, "position" bigint, recorded_at timestamptz, hash bytea)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
  streams text[]; versions int[]; types text[]; datas jsonb[]; metas jsonb[]; subjects text[]; personals bytea[];
  causes int[]; data_digests bytea[]; personal_digests bytea[]; hashes bytea[] := '{}';
  head_position bigint; head_hash bytea; head_time timestamptz;
  gap text;
  i int;
begin
  select array_agg(e.stream order by e.n), array_agg(e.version order by e.n), array_agg(e.type order by e.n),
         array_agg(e.data order by e.n), array_agg(e.meta order by e.n), array_agg(e.subject order by e.n),
         array_agg(e.personal order by e.n), array_agg(e.cause order by e.n),
         array_agg(sha256(convert_to(e.data::text, 'UTF8')) order by e.n),
         array_agg(sha256(coalesce(e.personal, ''::bytea)) order by e.n),
         min(e.stream) filter (where case when e.previous is null
           then e.version <> 1 and not exists (select from events o where o.stream = e.stream and o.version = e.version - 1)
           else e.version <> e.previous + 1 end)
    into streams, versions, types, datas, metas, subjects, personals, causes, data_digests, personal_digests, gap
    from (
      select element ->> 'stream' as stream, (element ->> 'version')::int as version, element ->> 'type' as type,
             element -> 'data' as data, element ->> 'subject' as subject,
             case when jsonb_typeof(element -> 'cause') = 'string'
                  then batch_meta || jsonb_build_object('causationId', element -> 'cause') else batch_meta end as meta,
             case when jsonb_typeof(element -> 'cause') = 'number' then (element ->> 'cause')::int end as cause,
             decode(element ->> 'personal', 'base64') as personal, n,
             lag((element ->> 'version')::int) over (partition by element ->> 'stream' order by n) as previous
        from jsonb_array_elements(batch) with ordinality as input (element, n)
    ) e;
  if streams is null then return; end if;
  if gap is not null then
    raise exception 'events of stream % would leave a gap', gap using errcode = 'CS001';
  end if;

  select l.position, l.hash, l.recorded_at into head_position, head_hash, head_time from event_log l for update;
  head_time := greatest(clock_timestamp(), head_time);
  for i in 1 .. cardinality(streams) loop
    if causes[i] is not null then
      metas[i] := metas[i] || jsonb_build_object('causationId', 'event:' || head_position + causes[i]);
    end if;
    head_hash := sha256(head_hash || event_envelope(head_position + i, streams[i], versions[i], types[i], subjects[i], head_time)
      || sha256(data_digests[i] || sha256(convert_to(metas[i]::text, 'UTF8')) || personal_digests[i]));
    hashes[i] := head_hash;
  end loop;

  insert into events (position, stream, version, type, data, subject, personal, meta, recorded_at, hash)
    select head_position + e.n, e.stream, e.version, e.type, e.data, e.subject, e.personal, e.meta, head_time, e.hash
      from unnest(streams, versions, types, datas, subjects, personals, metas, hashes)
        with ordinality as e (stream, version, type, data, subject, personal, meta, hash, n)
     order by e.n;
  update event_log set position = head_position + cardinality(streams), hash = head_hash, recorded_at = head_time;

  return query select e.n::int, head_position + e.n, head_time, e.hash
    from unnest(hashes) with ordinality as e (hash, n) order by e.n;
end $$;

-- Recomputes the chain over positions [first, last] and returns the first position that does not fit, or null.
create function first_bad_event(first_position bigint, last_position bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  expected bigint := first_position;
  previous bytea;
  e record;
begin
  if first_position = 1 then previous := sha256('crm-sync');
  else select hash into previous from public.events where position = first_position - 1;
  end if;
  for e in select * from public.events where position between first_position and last_position order by position loop
    if e.position <> expected or previous is null or e.hash is distinct from sha256(previous
         || public.event_envelope(e.position, e.stream, e.version, e.type, e.subject, e.recorded_at)
         || public.event_payload_digest(e.data, e.meta, e.personal)) then
      return expected;
    end if;
    previous := e.hash;
    expected := expected + 1;
  end loop;
  return case when expected <= last_position then expected end;
end $$;

-- The first position recorded at or after `moment` (head + 1 when there is none). Positions have no gaps and times never
-- step back, so a binary search over the primary key replaces an index on time.
create function first_position_since(moment timestamptz) returns bigint
language plpgsql stable set search_path = pg_catalog, public, pg_temp as $$
declare
  low bigint := 1;
  high bigint;
  middle bigint;
begin
  select position + 1 into high from public.event_log;
  while low < high loop
    middle := (low + high) / 2;
    if (select recorded_at from public.events where position = middle) >= moment then high := middle;
    else low := middle + 1;
    end if;
  end loop;
  return low;
end $$;

-- Nobody rewrites history, not even the owner or a replication role: the triggers always fire.
create function refuse_to_change_the_log() returns trigger language plpgsql as $$
begin
  raise exception 'the log is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'CS002';
end $$;
create trigger events_are_for_ever before update or delete on events
  for each row execute function refuse_to_change_the_log();
create trigger events_are_for_ever_whole before truncate on events
  for each statement execute function refuse_to_change_the_log();
create trigger the_head_stays before delete on event_log
  for each row execute function refuse_to_change_the_log();
create trigger the_head_stays_whole before truncate on event_log
  for each statement execute function refuse_to_change_the_log();
alter table events enable always trigger events_are_for_ever;
alter table events enable always trigger events_are_for_ever_whole;
alter table event_log enable always trigger the_head_stays;
alter table event_log enable always trigger the_head_stays_whole;

revoke all on function append_events(jsonb, jsonb) from public;
grant execute on function append_events(jsonb, jsonb) to crm_sync_service;
grant select on events, event_log, schema_needs to crm_sync_service;
grant select, insert, update, delete on subject_keys to crm_sync_service;

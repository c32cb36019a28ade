/** What must hold of the log at every moment, each as a query that answers with whatever breaks it. See invariants.ts. */
export const LOG_INVARIANTS: Record<string, string> = {
  // Merges and splits, which people make outside of runs, say "linked" too.
  'I1 one lead for each client': `
    select source ->> 'externalId' || ' was linked to ' || count(*) || ' leads' as what
      from (select data -> 'source' as source from events
             where type = 'LeadUpserted' and data ->> 'change' in ('created', 'linked') and meta ? 'runId') linked
     group by source having count(*) > 1`,
  'I1 one booking for each appointment': `
    select data ->> 'externalId' || ' is ' || count(distinct data ->> 'bookingId') || ' bookings' as what
      from events where type like 'Booking%'
     group by data ->> 'connectionId', data ->> 'externalId' having count(distinct data ->> 'bookingId') > 1`,
  'I1 one import for each client': `
    select stream || ' is new ' || count(*) || ' times' as what from events
     where type = 'ClientImported' and data ->> 'change' = 'new' group by stream having count(*) > 1`,
  'I1 the database itself refuses doubles': `
    select wanted.of || ' has no valid unique index on ' || wanted.columns::text as what
      from (values ('events', array['position']), ('events', array['stream', 'version']), ('leads', array['email_key']),
        ('leads', array['id']), ('lead_sources', array['connection_id', 'external_id']),
        ('bookings', array['connection_id', 'external_id']), ('crm_clients', array['connection_id', 'external_id']),
        ('quarantine', array['connection_id', 'external_id', 'kind']), ('active_runs', array['connection_id']),
        ('sync_times', array['connection_id']), ('webhooks', array['connection_id']),
        ('looks', array['connection_id', 'external_id', 'kind']), ('missed_clients', array['connection_id', 'external_id'])
      ) as wanted (of, columns)
     where not exists (
       select from pg_index i where i.indrelid = wanted.of::regclass and i.indisunique and i.indisvalid
          and i.indpred is null and wanted.columns = (
            select array_agg(a.attname::text order by a.attname) from pg_attribute a
             where a.attrelid = i.indrelid and a.attnum = any(i.indkey)))`,
  'I2 streams are whole': `
    select stream || ' has ' || count(*) || ' events, versions ' || min(version) || ' to ' || max(version) as what
      from events group by stream having min(version) <> 1 or max(version) <> count(*) or count(distinct version) <> count(*)`,
  'I2 versions follow positions': `
    select stream || '@' || version || ' stands before an older one' as what
      from (select stream, version, lag(version) over (partition by stream order by position) as before from events) e
     where version <= before`,
  'I4 positions are gapless, up to the head': `
    select 'positions ' || min(position) || ' to ' || max(position) || ', ' || count(*) || ' events, head '
           || (select position from event_log) as what
      from events having count(*) <> (select position from event_log) or coalesce(max(position), 0) <> count(*)`,
  'I4 time does not step back': `
    select 'position ' || position || ' is older than the one before' as what
      from (select position, recorded_at, lag(recorded_at) over (order by position) as before from events) e
     where recorded_at < before`,
  'I6 the counts of a run are what it recorded': `
    select run.id || ' says ' || (counts ->> kind) || ' ' || kind || ', its events say ' || recorded.number as what
      from (select data ->> 'runId' as id, data -> 'counts' as counts from events
             where type in ('SyncCompleted', 'SyncFailed', 'SyncInterrupted', 'SyncCancelled')) run
     cross join (values ('created'), ('updated'), ('linked')) as kinds (kind)
     cross join lateral (select count(*) as number from events
        where meta ->> 'runId' = run.id and type = 'LeadUpserted' and data ->> 'change' = kind
          and not data ? 'gone') recorded
     where (counts ->> kind)::int <> recorded.number
    union all
    select run.id || ' says ' || (counts -> 'bookings' ->> kind) || ' bookings ' || kind || ', its events say '
           || recorded.number
      from (select data ->> 'runId' as id, data -> 'counts' as counts from events
             where type in ('SyncCompleted', 'SyncFailed', 'SyncInterrupted', 'SyncCancelled')) run
     cross join (values ('created'), ('updated')) as kinds (kind)
     cross join lateral (select count(*) as number from events
        where meta ->> 'runId' = run.id and type = 'BookingUpserted' and data ->> 'change' = kind) recorded
     where (counts -> 'bookings' ->> kind)::int <> recorded.number`,
  'I6 the counts of a run balance': `
    select data ->> 'runId' || ' does not balance: ' || (data ->> 'counts') as what from events
     where type in ('SyncCompleted', 'SyncFailed', 'SyncInterrupted', 'SyncCancelled')
       and ((data -> 'counts' ->> 'fetched')::int <> (
              select sum(value::int) from jsonb_each_text(data -> 'counts') where key not in ('fetched', 'bookings'))
         or (data -> 'counts' -> 'bookings' ->> 'fetched')::int <> (
              select sum(value::int) from jsonb_each_text(data -> 'counts' -> 'bookings') where key <> 'fetched'))`,
  'I7 the chain verifies': `
    select 'position ' || position || ' does not fit the one before' as what
      from (select e.*, coalesce(lag(hash) over (order by position), sha256('crm-sync')) as previous from events e) e
     where hash <> sha256(previous
         || convert_to(position || E'\\x1f' || stream || E'\\x1f' || version || E'\\x1f' || type || E'\\x1f'
              || coalesce(subject, '') || E'\\x1f'
              || trunc(extract(epoch from recorded_at) * 1000000)::bigint, 'UTF8')
         || sha256(sha256(convert_to(data::text, 'UTF8')) || sha256(convert_to(meta::text, 'UTF8'))
              || sha256(coalesce(personal, ''))))`,
  'I7 the head is the last event': `
    select 'the head is not the hash of position ' || l.position as what from event_log l
     where l.hash <> coalesce((select hash from events where position = l.position), sha256('crm-sync'))`,
  'I10 one run at a time': `
    select a.id || ' and ' || b.id || ' overlap' as what
      from run_spans a join run_spans b on a.connection = b.connection and a.id < b.id and a.span && b.span`,
  'I10 nobody writes for a run that is over': `
    select 'position ' || e.position || ' (' || e.type || ') is outside of run ' || r.id as what
      from run_spans r join events e on e.meta ->> 'runId' = r.id
     where not r.span @> e.position and e.type <> 'DeletionsApproved'`,
  'I12 every run ends once': `
    select stream || ' has ' || string_agg(type, ', ' order by version) as what from events
     where stream like 'sync-run-%' group by stream
    having count(*) filter (where type = 'SyncStarted') <> 1
        or count(*) filter (where type not in ('SyncStarted', 'DeletionsApproved')) > 1`,
  'I12 no run fails by a mistake of ours': `
    select data ->> 'runId' || ' has failed: ' || (data -> 'reason' ->> 'detail') as what from events
     where type = 'SyncFailed' and data -> 'reason' ->> 'code' = 'internal-error'`,
  'I12 approved is what was held, once': `
    select stream || ' has ' || string_agg(type, ', ' order by version) as what from events
     where stream like 'sync-run-%' group by stream
    having count(*) filter (where type = 'DeletionsApproved') > count(*) filter (where data ? 'heldDeletions')
        or max(version) filter (where type = 'DeletionsApproved') < max(version) filter (where data ? 'heldDeletions')`,
};

/** By run: the positions from its first event to its last, which is open while it goes on. */
export const RUN_SPANS = `
  create or replace temporary view run_spans as
  select data ->> 'runId' as id, data ->> 'connectionId' as connection,
         int8range(min(position), case when count(*) > 1 then max(position) end, '[]') as span
    from events where stream like 'sync-run-%' and type like 'Sync%' group by 1, 2`;

/** Rows that only one of the two has. */
export const differences = (table: string, fold: string): string =>
  `select 'only the table: ' || t::text as what from (${table} except (${fold})) t
    union all select 'only the log: ' || t::text from ((${fold}) except ${table}) t`;

/** Read models beside a fold of the log in SQL of its own (I3), and state beside the log (I12). See invariants.ts. */
export const FOLD_INVARIANTS: Record<string, string> = {
  'I3 leads are what their streams say': differences(
    `select id, created_at, updated_at, version from leads`,
    `select substr(stream, 6)::uuid, min(recorded_at), max(recorded_at), max(version)::int
       from events where stream like 'lead-%' group by stream`,
  ),
  'I3 sources hang on the lead that the log says': differences(
    `select connection_id, external_id::text, lead_id from lead_sources`,
    `select distinct on (connection, external) connection, external, lead from (
       select position, (data -> 'source' ->> 'connectionId')::uuid as connection,
              data -> 'source' ->> 'externalId' as external, (data ->> 'leadId')::uuid as lead
         from events where type = 'LeadUpserted'
       union all
       select position, (source ->> 'connectionId')::uuid, source ->> 'externalId',
              (case type when 'LeadMerged' then data ->> 'otherId' else data ->> 'leadId' end)::uuid
         from events cross join jsonb_array_elements(data -> 'sources') as source
        where type in ('LeadMerged', 'LeadSplit') and data ->> 'role' <> 'kept'
     ) facts order by connection, external, position desc`,
  ),
  'I3 clients wait or do not as the log says': differences(
    `select connection_id, external_id::text, code from crm_clients`,
    `select distinct on (stream) (data ->> 'connectionId')::uuid, data ->> 'externalId',
            case type when 'ClientQuarantined' then data ->> 'code' end
       from events where type in ('ClientImported', 'ClientQuarantined', 'ClientDismissed', 'ClientGone')
      order by stream, version desc`,
  ),
  'I3 clients are there, missing or gone as the log says': differences(
    `select connection_id, external_id::text, absence from crm_clients where absence is not null`,
    `select connection, external, absence from (
       select distinct on (stream) (data ->> 'connectionId')::uuid as connection, data ->> 'externalId' as external,
              case type when 'ClientMissing' then 'missing' when 'ClientGone' then 'gone' end as absence
         from events where type in ('ClientMissing', 'ClientGone', 'ClientReturned') order by stream, version desc) last
      where absence is not null`,
  ),
  'I3 leads are gone or there as the log says': differences(
    `select id from leads where status = 'gone' and merged_into is null`,
    `select id from (select distinct on (stream) substr(stream, 6)::uuid as id, type from events
       where type in ('LeadGone', 'LeadRestored') order by stream, version desc) last
      where type = 'LeadGone' and not exists (select from leads l where l.id = last.id and l.merged_into is not null)`,
  ),
  'I3 quarantine holds what waits': differences(
    `select kind, connection_id, external_id::text, code, dismissed_at is not null from quarantine`,
    `select kind, (data ->> 'connectionId')::uuid, data ->> 'externalId', data ->> 'code', type like '%Dismissed'
       from (select distinct on (stream) case when type like 'Client%' then 'client' else 'booking' end as kind, data, type
               from events where type in ('ClientImported', 'ClientQuarantined', 'ClientDismissed', 'BookingUpserted',
                 'BookingQuarantined', 'BookingDismissed')
              order by stream, version desc) last
      where type not in ('ClientImported', 'ClientGone', 'BookingUpserted')`,
  ),
  'I3 bookings are what their streams say': differences(
    `select id, connection_id, external_id::text, client_id::text, status, version from bookings`,
    `select distinct on (e.stream) (data ->> 'bookingId')::uuid, (data ->> 'connectionId')::uuid, data ->> 'externalId',
            data ->> 'clientId', data ->> 'status', last.version
       from events e join (select stream, max(version) as version from events group by stream) last using (stream)
      where type = 'BookingUpserted' order by e.stream, e.version desc`,
  ),
  'I3 bookings hang on the lead of their client': `
    select 'booking ' || b.external_id || ' hangs on ' || coalesce(b.lead_id::text, 'nobody') as what
      from bookings b join lead_sources s on s.connection_id = b.connection_id and s.external_id = b.client_id
     where b.lead_id <> s.lead_id`,
  'I3 runs are as their events say': differences(
    `select id, connection_id, status, counts::jsonb from sync_runs`,
    `select distinct on (stream) (data ->> 'runId')::uuid, (data ->> 'connectionId')::uuid,
            case type when 'SyncStarted' then 'running' when 'SyncCompleted' then data ->> 'status'
              else lower(substr(type, 5)) end, data -> 'counts'
       from events where stream like 'sync-run-%' and type like 'Sync%' order by stream, version desc`,
  ),
  'I3 connections are as their events say': differences(
    `select id, status, version from connections`,
    `select substr(stream, 12)::uuid,
            coalesce((array_agg(case type when 'CrmNeedsAttention' then 'needs-attention' when 'CrmDisconnected' then
              'disconnected' else 'connected' end order by version desc)
              filter (where type in ('CrmConnected', 'CrmNeedsAttention', 'CrmRecovered', 'CrmDisconnected')))[1], ''),
            max(version)::int
       from events where stream like 'connection-%' group by stream`,
  ),
  'I12 whoever runs has a lease, and nobody else': differences(
    `select run_id, connection_id from active_runs`,
    `select id, connection_id from sync_runs where status = 'running'`,
  ),
  'I12 no transaction is left open': `
    select 'process ' || pid || ' has been ' || state || ' since ' || xact_start as what from pg_stat_activity
     where datname = current_database() and application_name = 'crm-sync' and xact_start
             < clock_timestamp() - coalesce(nullif(current_setting('invariants.patience', true), ''), '30 seconds')::interval`,
};

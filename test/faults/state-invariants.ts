import { differences } from './fold-invariants.ts';

/** By connection: what the log says of it last. Only those that have not been disconnected. */
const CONNECTED = `
  select (data ->> 'connectionId')::uuid as id,
         (array_agg(nullif(data -> 'schedule', 'null') order by position desc) filter (where type = 'CrmScheduleChanged'))[1]
           as schedule,
         coalesce((array_agg(type = 'CrmNeedsAttention' order by position desc)
           filter (where type in ('CrmNeedsAttention', 'CrmRecovered')))[1], false) as ill
    from events where stream like 'connection-%' group by 1
  having count(*) filter (where type = 'CrmDisconnected') = 0`;

/** What must hold of schedules, webhooks and whom a listing has missed. Much of that is state, beside what the log says. See invariants.ts. */
export const STATE_INVARIANTS: Record<string, string> = {
  'I3 schedules are as the log says, and pause with their connection': differences(
    `select connection_id, schedule, paused from sync_times`,
    CONNECTED,
  ),
  'I12 a time is planned where there is a schedule, and nowhere else': `
    select 'connection ' || connection_id || ' has a schedule or a time, and not both' as what from sync_times
     where (schedule is null) <> (regular_at is null) or (schedule is null and retry_at is not null)
        or (retry_at >= regular_at and not paused) or tries not between 0 and 3`,
  'I8 a time that has started a run has passed': `
    select 'connection ' || connection_id || ' is due for ' || regular_at || ', and was started at ' || at as what
      from sync_times join (
        select (data ->> 'connectionId')::uuid as id, max(recorded_at) as at from events
         where type = 'SyncStarted' and data ->> 'trigger' = 'schedule' group by 1) started on id = connection_id
     where regular_at <= at`,
  'I12 a time that has come is taken': `
    select 'connection ' || connection_id || ' has been due since ' || least(regular_at, retry_at) as what
      from sync_times where not paused and least(regular_at, retry_at) < clock_timestamp() - interval '10 minutes'`,
  'I3 webhooks are on or off as the log says': differences(
    `select connection_id, registered, events, registered_at from webhooks`,
    `select (data ->> 'connectionId')::uuid, (data ->> 'registered')::boolean,
            array(select jsonb_array_elements_text(data -> 'events')), recorded_at
       from (select distinct on (stream) * from events where stream like 'webhooks-%' order by stream, version desc) last
      where type = 'CrmWebhooksRegistered'`,
  ),
  'I11 an address opens for a connection that is there, and not for ever beside a newer one': `
    select 'connection ' || connection_id || ' has ' || count(*) || ' tokens' as what from webhook_tokens
     group by connection_id
    having connection_id not in (select id from (${CONNECTED}) there) or count(*) > 10
        or max(octet_length(digest)) <> 32 or max(expires_at) > clock_timestamp() + interval '49 hours'`,
  'I11 credentials are kept of a connection that is there, and of no other': `
    select 'connection ' || connection_id || ' has credentials' as what from connection_secrets
     where connection_id not in (select id from (${CONNECTED}) there)`,
  'I12 a connection that is not there has no webhooks': `
    select 'connection ' || connection_id || ' has webhooks' as what from webhooks
     where connection_id not in (select id from (${CONNECTED}) there)`,
  'I12 what is asked for is looked at': `
    select kind || ' ' || external_id || ' of ' || connection_id || ' is wanted ' || wanted || ' times, done ' || done as what
      from looks where done > wanted or (due_at is null and (wanted > done or lease is not null))`,
  'I12 a look is not left lying': `
    select kind || ' ' || external_id || ' of ' || l.connection_id || ' has been due since ' || due_at as what
      from looks l join (${CONNECTED}) there on id = connection_id left join look_pauses p using (connection_id)
     where not ill and greatest(due_at, p.until) < clock_timestamp() - interval '10 minutes'`,
  'I12 nothing waits for a connection that is not there': `
    select kind || ' ' || external_id || ' waits for ' || connection_id as what from looks
     where connection_id not in (select id from (${CONNECTED}) there) and asked_at < clock_timestamp() - interval '1 minute'`,
  'I12 a CRM is left alone for a while, not for ever': `
    select 'connection ' || connection_id || ' pauses until ' || until as what from look_pauses
     where failures < 1 or until > clock_timestamp() + interval '11 minutes'`,
  'I9 whoever is missed is known, and not gone': `
    select 'client ' || m.external_id || ' of ' || m.connection_id || ' is ' || coalesce(c.absence, 'nobody') as what
      from missed_clients m left join crm_clients c using (connection_id, external_id)
     where c.external_id is null or c.absence = 'gone'`,
  'I9 whoever may go has been approved by a person': `
    select 'client ' || external_id || ' of ' || connection_id || ' may go by ' || approved_in as what from missed_clients
     where approved_in is not null and not exists (
       select from events where stream = 'sync-run-' || approved_in and type = 'DeletionsApproved')`,
};

import type pg from 'pg';
import { migrate } from '../src/shared/database/migrate.ts';
import { changedIn, leadRow, valuesIn } from './hand-clients.ts';
import type { HandClient } from './hand-clients.ts';
import { handSide } from './hand-sync.ts';
import type { HandRun } from './hand-sync.ts';
import type { Job, Side } from './sides.ts';

// (b) without what makes the log trustworthy: nothing is encrypted, nothing chained, nothing checked. The same rows in
// the same tables with the same indexes, by the owner's plain INSERTs.

export const byHandRaw = async (job: Job): Promise<Side> => {
  await migrate(job.database);
  return handSide(job, false, { start, prepare, write, end });
};

const metaOf = ({ runId }: HandRun): string =>
  JSON.stringify({ actor: 'key:bench', correlationId: runId, causationId: null, runId });

const EVENT_OF_RUN = `
  with head as (update event_log set position = position + 1 returning position)
  insert into events (position, stream, version, type, data, meta, recorded_at, hash)
  select position, 'sync-run-' || $2, $3, $4, $5, $1, clock_timestamp(), '' from head`;

const start = async (db: pg.Client, run: HandRun): Promise<void> => {
  const { connectionId, runId } = run;
  await db.query('begin');
  await db.query(EVENT_OF_RUN, [metaOf(run), runId, 1, 'SyncStarted', { ...run, trigger: 'api' }]);
  await db.query(
    `insert into active_runs (connection_id, run_id, counts, phase, done)
     values ($1, $2, '{}', 'clients', 0)`,
    [connectionId, runId],
  );
  await db.query(
    `insert into sync_runs (id, position, connection_id, trigger, status, started_at)
     values ($2, (select position from event_log), $1, 'api', 'running', clock_timestamp())`,
    [connectionId, runId],
  );
  await db.query('commit');
};

const end = async (db: pg.Client, run: HandRun, counts: object): Promise<void> => {
  await db.query('begin');
  await db.query('delete from active_runs where run_id = $1', [run.runId]);
  await db.query(EVENT_OF_RUN, [metaOf(run), run.runId, 2, 'SyncCompleted', { ...run, counts }]);
  await db.query(
    "update sync_runs set status = 'succeeded', counts = $2, finished_at = clock_timestamp() where id = $1",
    [run.runId, JSON.stringify(counts)],
  );
  await db.query('commit');
};

const prepare = (clients: HandClient[], run: HandRun): unknown[] => {
  const { connectionId, runId } = run;
  const rows = clients.map((client, index) => {
    const { externalId } = client;
    const row = leadRow(client);
    const changed = changedIn(client);
    const imported = { connectionId, externalId, runId, leadId: row.lead, change: 'new', changed };
    const source = { connectionId, externalId };
    const upserted = { leadId: row.lead, change: 'created', changed, source };
    const [told, filed] = valuesIn(client);
    const subject = `crm-client-${connectionId}-${externalId}`;
    return {
      n: index + 1,
      id: externalId,
      print: client.fingerprint,
      subject,
      imported,
      upserted,
      told,
      filed,
      ...row,
    };
  });
  return [JSON.stringify(rows), metaOf(run), connectionId];
};

const WRITE = `
  with input as materialized (
    select * from jsonb_to_recordset($1::jsonb) as c (n int, id text, print text, subject text, imported jsonb,
      upserted jsonb, told text, filed text, lead uuid, name text, email text, key text, phone text, details jsonb, search text, sort text)),
  head as (
    update event_log set position = position + 2 * (select count(*) from input)
    returning position - 2 * (select count(*) from input) as position, clock_timestamp() as at),
  imported as (
    insert into events (position, stream, version, type, data, subject, personal, meta, recorded_at, hash)
    select position + n, subject, 1, 'ClientImported', imported, subject, convert_to(told, 'UTF8'), $2, at, ''
      from input, head),
  upserted as (
    insert into events (position, stream, version, type, data, subject, personal, meta, recorded_at, hash)
    select position + n + (select count(*) from input), 'lead-' || lead, 1, 'LeadUpserted', upserted, subject,
           convert_to(filed, 'UTF8'), $2::jsonb || jsonb_build_object('causationId', 'event:' || (position + n)), at, ''
      from input, head),
  keys as (
    insert into subject_keys (subject, wrapped_key, after_position) select subject, '', position from input, head),
  sources as (
    insert into lead_sources (connection_id, external_id, lead_id, linked_position, name, email, email_key, phone, details)
    select $3::uuid, id, lead, position + n + (select count(*) from input), name, email, key, phone, details from input, head),
  clients as (
    insert into crm_clients (connection_id, external_id, fingerprint)
    select $3::uuid, id, decode(print, 'base64') from input),
  run as (
    update active_runs set moved_at = clock_timestamp(), counts = $4, done = $5
     where run_id = $6),
  noted as (
    insert into run_seen (run_id, kind, external_ids, others) select $6, 'client', array_agg(id), '{}' from input)
  insert into leads (id, name, email, email_key, phone, details, status, search, sort_name, created_at, updated_at, version)
  select lead, name, email, key, phone, details, 'active', search, sort, at, at, 1 from input, head`;

const write = (db: pg.Client, prepared: unknown[]): Promise<unknown> =>
  db.query({ name: 'write', text: WRITE, values: prepared });

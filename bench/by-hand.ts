import { createSecretKey, randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrate } from '../src/shared/database/migrate.ts';
import { decrypt, Keyring } from '../src/shared/secrets.ts';
import { changedIn, leadRow, valuesIn } from './hand-clients.ts';
import type { HandClient } from './hand-clients.ts';
import { KEY_ID, newKey, sealed } from './hand-seals.ts';
import { handSide } from './hand-sync.ts';
import type { HandRun } from './hand-sync.ts';
import type { Job, Proof, Side } from './sides.ts';

// (b): the service's whole work on the service's own tables by the best hand-written SQL we know: per 1,000 clients one
// look-up and one statement, with the same events, hash chain and encryption.

const INSTALLATION = randomBytes(32);
const INSTALLATION_KEY = createSecretKey(INSTALLATION);

export const byHand = async (job: Job): Promise<Side> => {
  await migrate(job.database);
  const side = await handSide(job, true, { start, prepare, write, end });
  const prove = async (): Promise<Proof> => {
    await openOneOfEach(job.database);
    return side.prove();
  };
  return { ...side, prove };
};

const metaOf = ({ runId }: HandRun): string =>
  JSON.stringify({ actor: 'key:bench', correlationId: runId, causationId: null, runId });

const start = (db: pg.Client, run: HandRun): Promise<unknown> =>
  db.query(
    `with started as (select position, recorded_at from append_events($1::jsonb, $2::jsonb)),
          active as (insert into active_runs (connection_id, run_id, counts, phase, done)
            values ($3, $4, '{}', 'clients', 0))
     insert into sync_runs (id, position, connection_id, trigger, status, started_at)
     select $4, position, $3, 'api', 'running', recorded_at from started`,
    [
      JSON.stringify([eventOfRun(run, 1, 'SyncStarted', { ...run, trigger: 'api' })]),
      metaOf(run),
      run.connectionId,
      run.runId,
    ],
  );

const end = (db: pg.Client, run: HandRun, counts: object): Promise<unknown> =>
  db.query(
    `with ended as (select position, recorded_at from append_events($1::jsonb, $2::jsonb)),
          active as (delete from active_runs where run_id = $3),
          synced as (insert into lead_connections select $5, recorded_at from ended
            on conflict (connection_id) do update set last_synced_at = excluded.last_synced_at)
     update sync_runs set status = 'succeeded', counts = $4, finished_at = recorded_at from ended where id = $3`,
    [
      JSON.stringify([
        eventOfRun(run, 2, 'SyncCompleted', { ...run, status: 'succeeded', counts, reason: null }),
      ]),
      metaOf(run),
      run.runId,
      JSON.stringify(counts),
      run.connectionId,
    ],
  );

const eventOfRun = ({ runId }: HandRun, version: number, type: string, data: object) => ({
  stream: `sync-run-${runId}`,
  version,
  type,
  data,
});

/** Values stand once in the rows, once in each event; all in two JSON texts. */
const prepare = (clients: HandClient[], run: HandRun): unknown[] => {
  const imported: object[] = [];
  const upserted: object[] = [];
  const rows: object[] = [];
  clients.forEach((client, index) => {
    const { connectionId, runId } = run;
    const { externalId } = client;
    const subject = `crm-client-${connectionId}-${externalId}`;
    const { key, wrapped } = newKey(INSTALLATION_KEY, subject);
    const row = leadRow(client);
    const leadId = row.lead;
    const lead = `lead-${leadId}`;
    const [told, filed] = valuesIn(client);
    const changed = changedIn(client);
    imported.push({
      stream: subject,
      version: 1,
      type: 'ClientImported',
      data: { connectionId, externalId, runId, leadId, change: 'new', changed },
      subject,
      personal: sealed(key, told, `${subject}@1`),
    });
    upserted.push({
      stream: lead,
      version: 1,
      type: 'LeadUpserted',
      data: { leadId, change: 'created', changed, source: { connectionId, externalId } },
      subject,
      personal: sealed(key, filed, `${lead}@1`),
      cause: index + 1,
    });
    rows.push({ n: index + 1, id: externalId, print: client.fingerprint, subject, wrapped, ...row });
  });
  return [
    JSON.stringify([...imported, ...upserted]),
    metaOf(run),
    JSON.stringify(rows),
    run.connectionId,
    clients.length,
  ];
};

const WRITE = `
  with input as materialized (
    select * from jsonb_to_recordset($3::jsonb) as c (n int, id text, print text, subject text, wrapped text, lead uuid,
      name text, email text, key text, phone text, details jsonb, search text, sort text)),
  appended as materialized (
    select min(position) + $5::int as first, min(recorded_at) as at from append_events($1::jsonb, $2::jsonb)),
  keys as (
    insert into subject_keys (subject, wrapped_key, after_position)
    select subject, decode(wrapped, 'base64'), first - $5::int - 1 from input, appended),
  sources as (
    insert into lead_sources (connection_id, external_id, lead_id, linked_position, name, email, email_key, phone, details)
    select $4::uuid, id, lead, first + n - 1, name, email, key, phone, details from input, appended),
  clients as (
    insert into crm_clients (connection_id, external_id, fingerprint)
    select $4::uuid, id, decode(print, 'base64') from input),
  run as (
    update active_runs set moved_at = clock_timestamp(), counts = $6, done = $7
     where run_id = $8),
  noted as (
    insert into run_seen (run_id, kind, external_ids, others) select $8, 'client', array_agg(id), '{}' from input)
  insert into leads (id, name, email, email_key, phone, details, status, search, sort_name, created_at, updated_at, version)
  select lead, name, email, key, phone, details, 'active', search, sort, at, at, 1 from input, appended`;

const write = (db: pg.Client, prepared: unknown[]): Promise<unknown> =>
  db.query({ name: 'write', text: WRITE, values: prepared });

type Sealed = { stream: string; version: number; subject: string; personal: Buffer; wrapped_key: Buffer };

/** The service's own code must be able to read what was written here. */
const openOneOfEach = async (database: string): Promise<void> => {
  const keyring = new Keyring([{ id: KEY_ID, key: INSTALLATION }]);
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query<Sealed>(
    `select distinct on (type) * from events join subject_keys using (subject) order by type, position desc`,
  );
  await client.end();
  for (const { stream, version, subject, personal, wrapped_key: wrapped } of rows) {
    const key = createSecretKey(keyring.open(wrapped, `subject_keys/${subject}`));
    JSON.parse(decrypt(key, personal, `${stream}@${version}`).toString());
  }
};

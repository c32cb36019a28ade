import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { handClient } from './hand-clients.ts';
import type { HandClient } from './hand-clients.ts';
import { batchesOf } from './pages.ts';
import { proofOf } from './proof.ts';
import type { Job, Side } from './sides.ts';

/** One sync by hand. */
export type HandRun = { connectionId: string; runId: string };

/** What differs between the two ways of writing. `write` is one statement and one transaction. */
export type Hand = {
  start: (db: pg.Client, run: HandRun) => Promise<unknown>;
  /** Made while the batch before is written. */
  prepare: (clients: HandClient[], run: HandRun) => unknown[];
  write: (db: pg.Client, prepared: unknown[]) => Promise<unknown>;
  end: (db: pg.Client, run: HandRun, counts: object) => Promise<unknown>;
};

/** As many as the service takes at a time. */
const BATCH = 1000;

/** Two connections: one looks up the next batch while the other writes the last one. */
export const handSide = async (job: Job, isChained: boolean, hand: Hand): Promise<Side> => {
  const [reader, writer] = [0, 1].map(() => new pg.Client({ connectionString: job.database }));
  await Promise.all([reader!.connect(), writer!.connect()]);
  const connectionId = randomUUID();
  const sync = async (): Promise<number> => {
    const run = { connectionId, runId: randomUUID() };
    await hand.start(writer!, run);
    const counts = { fetched: 0, created: 0, updated: 0, linked: 0, unchanged: 0, quarantined: 0, erased: 0 };
    let writing: Promise<unknown> = Promise.resolve();
    const inFlight = new Set<string>();
    for await (const listed of batchesOf(job.crm, BATCH)) {
      const clients = listed.map(handClient);
      const fresh = await look(reader!, connectionId, clients, inFlight);
      counts.fetched += clients.length;
      counts.created += fresh.length;
      counts.unchanged += clients.length - fresh.length;
      if (fresh.length === 0) continue;
      const prepared = hand.prepare(fresh, run);
      await writing;
      inFlight.clear();
      for (const { emailKey } of fresh) inFlight.add(emailKey);
      writing = hand.write(writer!, [...prepared, JSON.stringify(counts), counts.fetched, run.runId]);
    }
    await writing;
    await hand.end(writer!, run, counts);
    return counts.fetched;
  };
  const close = async (): Promise<void> => {
    await Promise.all([reader!.end(), writer!.end()]);
  };
  return { sync, prove: () => proofOf(job.database, isChained), close };
};

/** The one look-up of a batch. Answers only what is not exactly as it was, and to whom its e-mail belongs. */
const LOOK = `
  select i.n::int as n, c.fingerprint is not null or l.id is not null as taken
    from unnest($2::text[], $3::text[], $4::text[]) with ordinality as i (external_id, fingerprint, email_key, n)
    left join lateral (select fingerprint, code from crm_clients
       where connection_id = $1 and external_id = i.external_id limit 1) c on true
    left join lateral (select id from leads
       where email_key = i.email_key and c.fingerprint is null limit 1) l on true
   where c.fingerprint is distinct from decode(i.fingerprint, 'base64') or c.code is not null
   order by i.n`;

const look = async (
  db: pg.Client,
  connectionId: string,
  clients: HandClient[],
  inFlight: ReadonlySet<string>,
): Promise<HandClient[]> => {
  const { rows } = await db.query<{ n: number; taken: boolean }>({
    name: 'look',
    text: LOOK,
    values: [
      connectionId,
      clients.map(({ externalId }) => externalId),
      clients.map(({ fingerprint }) => fingerprint),
      clients.map(({ emailKey }) => emailKey),
    ],
  });
  const fresh = rows.map(({ n }) => clients[n - 1]!);
  const keys = new Set(fresh.map(({ emailKey }) => emailKey));
  const isPlain =
    keys.size === fresh.length && !rows.some(({ taken }) => taken) && keys.isDisjointFrom(inFlight);
  if (!isPlain)
    throw new Error('The references only know new clients with distinct e-mails, and unchanged ones.');
  return fresh;
};

import { setTimeout as sleep } from 'node:timers/promises';
import { booksOf } from '../../sandbox/matrix/books.ts';
import { compare, snapshotOf } from '../../sandbox/matrix/compare.ts';
import { truthOf } from '../../sandbox/matrix/truth.ts';
import type { SyncAnswer } from '../contract.ts';
import { ENCRYPTION_KEYS } from '../service.ts';
import { dice } from './dice.ts';
import { setStage, type Stage, type Synced } from './stage.ts';
import { CALM, STEPS } from './trouble.ts';

export type ChaosOptions = {
  seed: number;
  /** It ends after so many steps or milliseconds, whichever comes first. */
  steps: number;
  ms: number;
  say: (line: string) => void;
};

/** How long everything may take to be right again once nothing is wrong any more. */
const HEALING = 300_000; // ms

/** Random trouble, then none; answers everything that is not as it must be, which should be nothing. */
export const runChaos = async ({ seed, steps, ms, say }: ChaosOptions): Promise<string[]> => {
  const stage = await setStage();
  const throws = dice(seed);
  const begin = performance.now();
  const at = (): string => ((performance.now() - begin) / 1_000).toFixed(1).padStart(7);
  try {
    stage.reader.start();
    for (let n = 1; n <= steps && performance.now() - begin < ms; n += 1) {
      say(`${at()} s  ${n}. ${await throws.oneOf(STEPS)(stage, throws)}`);
      await sleep(throws.between(0, 700));
      for (const instance of stage.instances) instance.expectAlive();
      await stage.check();
      if (stage.broken.length > 0) break;
    }
    say(`${at()} s  all trouble ends`);
    await heal(stage);
    await beTold(stage);
    const { n: runs } = (await stage.sql<{ n: number }>('select count(*)::int as n from sync_runs'))[0]!;
    say(`${at()} s  healed after ${runs} runs: ${await statuses(stage)}`);
    for (const synced of stage.synced) await expectRight(stage, synced);
    await expectRead(stage);
    await expectNoSecrets(stage);
    await stage.check();
    return stage.broken;
  } finally {
    await stage.close();
  }
};

/** Everything up, every run ended, and one good sync of each company. */
const heal = async (stage: Stage): Promise<void> => {
  for (const way of [...stage.ways, stage.crmWay]) way.set(null);
  for (const way of [...stage.ways, stage.crmWay]) way.resetAll();
  await stage.server.start();
  for (const instance of stage.instances) instance.resume();
  await Promise.all(stage.instances.map((instance) => instance.start()));
  // As if the time were over for which no login is tried after a refusal.
  await stage.sql('delete from login_refusals');
  const deadline = performance.now() + HEALING;
  for (const synced of stage.synced) {
    healed(synced);
    await stage.reconnect(synced, stage.instances[0]!);
    for (;;) {
      const answer = await stage.instances[0]!.ask<SyncAnswer>(
        'POST',
        `/api/connections/${synced.connection.id}/sync`,
      );
      if (answer?.status === 200 && answer.body.status === 'succeeded') break;
      if (performance.now() > deadline) {
        stage.broken.push(`no sync ends well after the trouble: ${answer?.text ?? 'no answer'}`);
        break;
      }
      // What somebody has asked for in the trouble may be done only now.
      await stage.sql('delete from login_refusals');
      if (answer?.code === 'connection-disconnected') await stage.reconnect(synced, stage.instances[0]!);
      await sleep(500);
    }
  }
};

/** The CRM is well, and everybody in it has an address of their own, also who has got one from a person here meanwhile. */
const healed = ({ company: { crm, faults, account }, spoilt }: Synced): void => {
  faults.set(CALM);
  for (const id of spoilt) crm.change(id, { email: `healed${id}@${account.company}.example` });
};

/** What the CRM has not got rid of is taken, and everything that was told of is looked at. */
const beTold = async ({ synced, sql, broken }: Stage): Promise<void> => {
  for (const { company } of synced) {
    company.faults.set({ webhookDelivery: 'sent' });
    await company.webhooks.settled();
    await company.webhooks.deliver();
  }
  // As if the pauses after failures were over, and the time that a worker may be silent.
  await sql('delete from look_pauses');
  await sql('update looks set due_at = least(due_at, clock_timestamp())');
  const deadline = performance.now() + HEALING;
  const waiting = "select kind || ' ' || external_id as what from looks where due_at is not null";
  for (let left = await sql<{ what: string }>(waiting); left.length > 0; left = await sql(waiting)) {
    if (performance.now() > deadline)
      return void broken.push(`nobody looks at ${left.map(({ what }) => what).join(', ')}`);
    await sleep(500);
  }
};

const statuses = async ({ sql }: Stage): Promise<string> => {
  const rows = await sql<{ status: string; n: number }>(
    'select status, count(*)::int as n from sync_runs group by status order by status',
  );
  return rows.map(({ status, n }) => `${n} ${status}`).join(', ');
};

/** Our books are the CRM's (I9), and another sync changes nothing (I8). */
const expectRight = async ({ instances, broken, sql }: Stage, { company, connection }: Synced) => {
  const { api } = instances[1]!;
  const path = `/api/connections/${connection.id}/sync`;
  // Who is deleted in the CRM is missing by the first listing and gone by the second.
  await api<SyncAnswer>('POST', path);
  await api<SyncAnswer>('POST', path);
  const head = "select count(*)::int as n from events where type !~ '^Sync'";
  const [before] = await sql<{ n: number }>(head);
  const { body } = await api<SyncAnswer>('POST', path);
  const [after] = await sql<{ n: number }>(head);
  if (after!.n !== before!.n) broken.push(`I8 another sync added ${after!.n - before!.n} events`);
  if (body.status !== 'succeeded') broken.push(`the last sync was ${body.status}`);
  const books = await booksOf(api, connection.id);
  const ever = new Set(company.bookings.all().map(({ id }) => id));
  const wrong = compare(company, books, { ...snapshotOf(company), booked: ever }, true);
  const { places } = truthOf(company);
  const late = [...books.sources.keys()].filter((id) => !places.has(id) && !books.gone.has(id));
  wrong.push(...late.map((id) => `client ${id} was deleted, and its lead does not know`));
  broken.push(...wrong.map((what) => `I9 ${company.account.company}: ${what}`));
};

/** Whoever read all the time has read what is there. */
const expectRead = async ({ reader, broken, sql }: Stage): Promise<void> => {
  const read = await reader.finish();
  const rows = await sql<{ hash: string }>(
    "select encode(hash, 'hex') as hash from events order by position",
  );
  if (rows.some(({ hash }, index) => read[index] !== hash) || rows.length !== read.length)
    broken.push(`I5 the reader has read ${read.length} events, there are ${rows.length}, or others`);
};

const expectNoSecrets = async ({ instances, synced, broken }: Stage): Promise<void> => {
  const secrets = [
    ENCRYPTION_KEYS.split(':')[1]!,
    ...synced.flatMap(({ company: { account, tokensSeen } }) => [account.password, ...tokensSeen]),
  ];
  for (const { name, output } of instances)
    for (const secret of secrets)
      if (output.includes(secret)) broken.push(`I11 ${name} has written a secret to its log`);
};

import { setTimeout as sleep } from 'node:timers/promises';
import type { Crm } from '../../sandbox/clients.ts';
import type { Switches } from '../../sandbox/faults.ts';
import type { Client } from '../../sandbox/people.ts';
import type { Dice } from './dice.ts';
import type { Instance } from './instance.ts';
import type { Stage } from './stage.ts';

/** One thing that happens; answers what it was, in words. */
export type Step = (stage: Stage, dice: Dice) => Promise<string>;

const someone = ({ instances }: Stage, { between }: Dice): Instance =>
  instances[between(0, instances.length - 1)]!;

const living = (crm: Crm): Client[] => crm.all().filter(({ deleted }) => !deleted);

/** A CRM without moods. */
export const CALM: Partial<Switches> = {
  order: 'name',
  drift: 'none',
  expireAfter: 0,
  refreshRefused: false,
  troubles: [],
  itemsCount: 'true',
};

/** The CRM tells of what people do there: once, twice, later, or not at all. */
const TOLD = ['sent', 'sent', 'twice', 'held', 'dropped'] as const;
const told =
  (step: Step): Step =>
  (stage, dice) => {
    const { oneOf, next } = dice;
    for (const { company } of stage.synced)
      company.faults.set({ webhookDelivery: oneOf(TOLD), webhookBody: next() < 0.05 ? 'no-id' : 'thin' });
    return step(stage, dice);
  };
/** What was not taken is told again, the newest first. */
const late: Step = async (stage, { oneOf }) => {
  const { webhooks, account } = oneOf(stage.synced).company;
  void webhooks.deliver((held) => held.toReversed());
  return `late deliveries of ${account.company} come`;
};
const forged: Step = async (stage, dice) => {
  const { connection, company } = dice.oneOf(stage.synced);
  const path = `/hooks/simplybook/${connection.id}/${'A'.repeat(43)}`;
  const answer = await someone(stage, dice).ask('POST', path, {}, { client_id: 1 });
  if (answer?.status === 202) stage.broken.push('a forged delivery was taken');
  return `somebody guesses at the address of ${company.account.company}`;
};
/** What people do in the CRM. */
const edit: Step = async ({ synced }, { oneOf, between }) => {
  const { crm, account } = oneOf(synced).company;
  const { id } = oneOf(living(crm));
  crm.change(id, { name: `Edited ${between(1, 999)}`, phone: `+4930${between(1000, 9999)}` });
  return `client ${id} of ${account.company} is edited`;
};
const add: Step = async ({ synced }) => {
  const { crm, account } = synced[0]!.company;
  const number = crm.all().length + 1;
  const { id } = crm.add({ name: `Newcomer ${number}`, email: `newcomer${number}@example.com`, phone: '' });
  return `client ${id} of ${account.company} is added`;
};
const remove: Step = async ({ synced }, { oneOf }) => {
  const { crm, account } = oneOf(synced).company;
  const alive = living(crm);
  if (alive.length < 20) return 'nobody is deleted, there are few left';
  const { id } = oneOf(alive);
  crm.delete(id);
  return `client ${id} of ${account.company} is deleted`;
};
const book: Step = async ({ synced }, { oneOf, next }) => {
  const { bookings, account } = oneOf(synced).company;
  const known = bookings.all();
  if (next() < 0.5 && known.length > 0) {
    const { id } = oneOf(known);
    bookings.cancel(id);
    return `booking ${id} of ${account.company} is cancelled`;
  }
  return `booking ${bookings.add().id} of ${account.company} is made`;
};
const sync: Step = async (stage, dice) => {
  const { connection, company } = dice.oneOf(stage.synced);
  const instance = someone(stage, dice);
  // Whether it is answered, and with what, is told by the events.
  void instance.ask('POST', `/api/connections/${connection.id}/sync`, { prefer: 'respond-async' });
  return `${instance.name} is asked to sync ${company.account.company}`;
};
const CRONS = ['* * * * *', '*/2 * * * *', '30 2 * * *', null] as const;
const plan: Step = async (stage, dice) => {
  const { connection, company } = dice.oneOf(stage.synced);
  const instance = someone(stage, dice);
  const cron = dice.oneOf(CRONS);
  const schedule = cron === null ? null : { cron, timezone: dice.oneOf(['Europe/Berlin', 'Asia/Tokyo']) };
  void instance.ask('PATCH', `/api/connections/${connection.id}`, {}, { schedule });
  return `${instance.name} is asked to sync ${company.account.company} at ${cron}`;
};
const cancel: Step = async (stage, dice) => {
  const [run] = await stage.sql<{ id: string }>('select run_id as id from active_runs').catch(() => []);
  if (run === undefined) return 'no run is cancelled, there is none';
  const instance = someone(stage, dice);
  void instance.ask('POST', `/api/runs/${run.id}/cancel`);
  return `${instance.name} is asked to cancel a run`;
};
/** As if it had been due a moment ago, and no other try before that. */
const strike: Step = async ({ sql }) => {
  await sql(
    'update sync_times set regular_at = clock_timestamp(), retry_at = null where schedule is not null',
  ).catch(() => []);
  return 'the times of all schedules have come';
};
const expire: Step = async ({ synced }, { oneOf }) => {
  const { auth, account } = oneOf(synced).company;
  return `${auth.expireTokens()} tokens of ${account.company} expire`;
};

/** Clients that people in the CRM have left without a usable address, or with somebody else's: they wait in quarantine. */
const spoil: Step = async ({ synced }, { oneOf, next }) => {
  const { company, spoilt } = oneOf(synced);
  const { crm, account } = company;
  const [one, other] = [oneOf(living(crm)), oneOf(living(crm))];
  const email = next() < 0.5 ? '' : other.email;
  if (one.id === other.id) return 'nobody is spoilt';
  crm.change(one.id, { email });
  spoilt.add(one.id);
  return `client ${one.id} of ${account.company} has ${email === '' ? 'no address' : `that of ${other.id}`}`;
};
const restore: Step = async ({ synced }, { oneOf }) => {
  const { crm, account } = oneOf(synced).company;
  const deleted = crm.all().filter((client) => client.deleted);
  if (deleted.length === 0) return 'nobody is restored, nobody is deleted';
  const { id } = oneOf(deleted);
  crm.undelete(id);
  return `client ${id} of ${account.company} is restored`;
};
/** The CRM's own bad days; over when everything heals. */
const MOODS: readonly Partial<Switches>[] = [
  {},
  { order: 'shuffle' },
  { drift: 'mixed', driftTimes: 5 },
  { expireAfter: 3 },
  { refreshRefused: true },
  { troubles: [{ kind: 'rate-limit', value: 1, times: 6 }] },
  { troubles: [{ kind: 'status', value: 503, times: 12 }] },
  { troubles: [{ kind: 'lost', times: 4 }] },
  { itemsCount: 'more' },
];
const mood: Step = async ({ synced }, { oneOf }) => {
  const { faults, account } = oneOf(synced).company;
  const switches = oneOf(MOODS);
  faults.set({ ...CALM, ...switches });
  return `${account.company} is ${JSON.stringify(switches)}`;
};

/** What people do here while everything goes on. */
const people =
  (what: string, act: (instance: Instance, stage: Stage, dice: Dice) => Promise<unknown>): Step =>
  async (stage, dice) => {
    const instance = someone(stage, dice);
    void act(instance, stage, dice).catch(() => undefined);
    return `${instance.name} is asked to ${what}`;
  };
const merge = people('merge two leads', async (instance, { sql }, { oneOf }) => {
  const leads = await sql<{ id: string }>(
    'select id from leads where merged_into is null order by created_at, id',
  );
  await instance.ask('POST', `/api/leads/${oneOf(leads).id}/merge`, {}, { leadId: oneOf(leads).id });
});
const split = people('split a lead', async (instance, { sql }, { oneOf }) => {
  const merged = await sql<{ id: string; into: string }>(
    'select id, merged_into as into from leads where merged_into is not null order by id',
  );
  if (merged.length === 0) return;
  const { id, into } = oneOf(merged);
  await instance.ask('POST', `/api/leads/${into}/split`, {}, { leadId: id });
});
const attend = people('see to the quarantine', async (instance, { sql }, { oneOf, next, between }) => {
  const waiting = await sql<{ id: string }>('select id from quarantine order by id');
  if (next() < 0.3) return instance.ask('POST', '/api/quarantine/replay', {}, {});
  if (waiting.length === 0) return;
  const fix = next() < 0.5 ? { email: `fixed${between(1, 9_999)}@example.com` } : undefined;
  const action = next() < 0.3 ? 'dismiss' : 'replay';
  const body = action === 'replay' && fix !== undefined ? { fix } : {};
  return instance.ask('POST', `/api/quarantine/${oneOf(waiting).id}/${action}`, {}, body);
});
const renew = people('take other credentials', (instance, { synced }, { oneOf, next }) => {
  const { connection, company } = oneOf(synced);
  const { password, apiUserKey } = company.account;
  const secret = next() < 0.5 ? password : apiUserKey;
  return instance.ask('PUT', `/api/connections/${connection.id}/credentials`, {}, { secret });
});
const part = people('part from a company, and to connect it anew', async (instance, stage, { oneOf }) => {
  const synced = oneOf(stage.synced);
  const gone = await instance.ask('DELETE', `/api/connections/${synced.connection.id}`);
  if (gone?.status === 204) await stage.reconnect(synced, instance);
});

/** What happens to programs. Whoever is down comes up again in the background. */
const kill: Step = async (stage, dice) => {
  const instance = someone(stage, dice);
  await instance.kill();
  const pause = dice.between(0, 2_000);
  void sleep(pause).then(() => instance.start());
  return `${instance.name} is killed, and started after ${pause} ms`;
};
const restart: Step = async (stage, dice) => {
  const instance = someone(stage, dice);
  await instance.stop();
  void instance.start();
  return `${instance.name} is restarted by SIGTERM`;
};
const freeze: Step = async (stage, dice) => {
  const instance = someone(stage, dice);
  // Now and then beyond every lease.
  const ms = dice.next() < 0.15 ? dice.between(62_000, 70_000) : dice.between(200, 6_000);
  instance.pause();
  void sleep(ms).then(() => instance.resume());
  return `${instance.name} stands still for ${ms} ms`;
};

/** What happens to the database, and on the way to it. */
const terminate: Step = async ({ sql }) => {
  const ended = await sql<{ n: number }>(`
    select count(pg_terminate_backend(pid))::int as n from pg_stat_activity
     where application_name = 'crm-sync' and random() < 0.6`).catch(() => []);
  return `${ended[0]?.n ?? 0} sessions are terminated`;
};
const down: Step = async ({ server }, { next, between }) => {
  const how = next() < 0.5 ? 'fast' : 'immediate';
  const ms = between(0, 4_000);
  await server.stop(how);
  await sleep(ms);
  await server.start();
  return `the database is stopped (${how}) for ${ms} ms`;
};
const lostCommit: Step = async ({ ways }, { between }) => {
  const n = between(0, 1);
  void ways[n]!.swallowReplyAfter(/^Q....commit/s);
  return `the next answer to a COMMIT of ${'AB'[n]} will be lost`;
};
const network: Step = async ({ ways, crmWay }, { oneOf, between }) => {
  const [name, way] = oneOf([
    ['A and the database', ways[0]!],
    ['B and the database', ways[1]!],
    ['both and the CRM', crmWay],
  ] as const);
  const fault = oneOf(['latency', 'slicer', 'reset', 'limit', 'refuse', 'black hole', 'resets'] as const);
  const ms = between(500, 3_000);
  if (fault === 'black hole') way.blackholeAll();
  else if (fault === 'resets') way.resetAll();
  else if (fault === 'latency') way.set({ kind: 'latency', ms: 60, jitter: 60 });
  else if (fault === 'reset') way.set({ kind: 'reset', after: between(100, 5_000) });
  else if (fault === 'limit') way.set({ kind: 'limit', bytes: between(100, 5_000) });
  else way.set({ kind: fault });
  void sleep(ms).then(() => way.set(null));
  return `between ${name}: ${fault} for ${ms} ms`;
};

const OFTEN: readonly (readonly [Step, times: number])[] = [
  [told(edit), 3],
  [told(add), 2],
  [told(remove), 1],
  [told(book), 2],
  [sync, 5],
  [late, 2],
  [forged, 1],
  [plan, 2],
  [strike, 2],
  [cancel, 1],
  [expire, 1],
  [kill, 2],
  [restart, 1],
  [freeze, 1],
  [terminate, 2],
  [down, 1],
  [lostCommit, 2],
  [network, 2],
  [told(spoil), 1],
  [told(restore), 1],
  [mood, 2],
  [merge, 1],
  [split, 1],
  [attend, 2],
  [renew, 1],
  [part, 0.5],
];

/** Each as often as it is likely. */
export const STEPS: readonly Step[] = OFTEN.flatMap(([step, times]) =>
  Array.from({ length: times * 2 }, () => step),
);

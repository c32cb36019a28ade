import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Company } from '../sandbox/companies.ts';
import type { Connection, Lead, LogEvent, Run } from './contract.ts';
import { brokenNow } from './faults/invariants.ts';
import { deliver, hooked, lookedAt, until, type Hooked } from './webhooks.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let sql: Client;
beforeAll(async () => {
  world = await startWorld();
  sql = new Client({ connectionString: world.service.databaseUrl });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await world.stop();
});

const kinds = (events: readonly LogEvent[]): string[] => events.map(({ type }) => type);
/** What was recorded of a client. */
const historyOf = async ({ id }: Connection, externalId: number): Promise<string[]> =>
  kinds(await world.all<LogEvent>(`/api/events?stream=crm-client-${id}-${externalId}`));
const goneOf = async ({ id }: Connection): Promise<string[]> =>
  (await world.all<Lead>(`/api/leads?source=${id}&status=gone`))
    .flatMap(({ sources }) => sources.map(({ externalId }) => externalId))
    .toSorted((a, b) => Number(a) - Number(b));
const runsOf = ({ id }: Connection): Promise<Run[]> => world.all<Run>(`/api/runs?connectionId=${id}`);
const ids = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const remove = ({ crm }: Company, some: readonly number[]): void => {
  for (const id of some) crm.delete(id);
};
/** Whoever asks for this client by its id waits. */
const holdLook = (company: Company, id: number) =>
  company.hold(({ path }) => path === `/admin/clients/${id}`);
const isWaitingForLook = async (): Promise<boolean> =>
  (await sql.query("select from pg_locks where locktype = 'advisory' and not granted")).rows.length > 0;

/** A company whose clients 2 and 3 are missing; its changes are told by the test alone. */
const missingTwo = async (): Promise<Hooked> => {
  const one = await hooked(world, { clients: 5 });
  one.company.crm.onChange = () => undefined;
  remove(one.company, [2, 3]);
  await world.sync(one.connection);
  return one;
};

describe('a client that the CRM has just said not to have', () => {
  it('and that a webhook brings back before the run records it, is there', async () => {
    const one = await missingTwo();
    const { company, connection, address } = one;
    const { reached, release } = holdLook(company, 3);
    const { id } = await world.start(connection);
    await reached;
    company.crm.undelete(2);
    await deliver(address.url, { client_id: 2 });
    await lookedAt(world, one);
    release();
    expect(await world.end(id)).toMatchObject({ status: 'succeeded', absences: { gone: 1, returned: 0 } });
    expect(await historyOf(connection, 2)).toEqual(['ClientImported', 'ClientMissing', 'ClientReturned']);
    expect(await goneOf(connection)).toEqual(['3']);
  });

  it('and that a webhook is about to bring back is waited for', async () => {
    const { company, connection, address } = await missingTwo();
    const { reached, release } = holdLook(company, 3);
    const { id } = await world.start(connection);
    await reached;
    company.crm.undelete(2);
    const log = await world.holdTheLog();
    await deliver(address.url, { client_id: 2 });
    await log.waiting(1);
    release();
    await log.waiting(2);
    expect(await isWaitingForLook()).toBe(true);
    await log.release();
    await world.end(id);
    expect(await historyOf(connection, 2)).toEqual(['ClientImported', 'ClientMissing', 'ClientReturned']);
    expect(await goneOf(connection)).toEqual(['3']);
  });

  it('is not brought back by a webhook that had it read before that', async () => {
    const one = await missingTwo();
    const { company, connection, address } = one;
    company.crm.undelete(2);
    const look = company.holdAnswer(({ path }) => path === '/admin/clients/2');
    await deliver(address.url, { client_id: 2 });
    await look.reached;
    company.crm.delete(2);
    // The run has found it to be gone, and goes on until that look has come to its end.
    const { reached, release } = company.hold(({ path }) => path === '/admin/bookings');
    const { id } = await world.start(connection);
    await reached;
    expect(await goneOf(connection)).toEqual(['2', '3']);
    look.release();
    await lookedAt(world, one);
    release();
    await world.end(id);
    expect(await historyOf(connection, 2)).toEqual(['ClientImported', 'ClientMissing', 'ClientGone']);
    company.crm.undelete(2);
    await deliver(address.url, { client_id: 2 });
    await lookedAt(world, one);
    expect(await goneOf(connection)).toEqual(['3']);
  });
});

const approve = (runId: string, headers: Record<string, string> = {}) =>
  world.api<Run>('POST', `/api/runs/${runId}/approve-deletions`, undefined, headers);
const NO_WAIT = { prefer: 'respond-async' };

/** Thirty of sixty are not listed any more, which a run has held. */
const held = async (): Promise<{ company: Company; connection: Connection; runId: string }> => {
  const { company, connection } = await world.connected({ clients: 60 });
  await world.sync(connection);
  remove(company, ids(1, 30));
  return { company, connection, runId: (await world.sync(connection)).runId };
};

describe('an approval of what a run has held', () => {
  it('given twice at once is one, and one run applies it', async () => {
    const { connection, runId } = await held();
    const answers = await Promise.all([approve(runId), approve(runId), approve(runId)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await world.all(`/api/events?stream=sync-run-${runId}&type=DeletionsApproved`)).toHaveLength(1);
    await Promise.all((await runsOf(connection)).map(({ id }) => world.end(id)));
    expect(await runsOf(connection)).toHaveLength(3);
    expect(await goneOf(connection)).toEqual(ids(1, 30).map(String));
  });

  it('while the next run still reads the list is applied by that one', async () => {
    const { company, connection, runId } = await held();
    const { reached, release } = company.holdPage(1);
    const { id } = await world.start(connection);
    await reached;
    const { headers } = await approve(runId, NO_WAIT);
    expect(headers.get('location')).toBe(`/api/runs/${id}`);
    release();
    expect(await world.end(id)).toMatchObject({ status: 'succeeded', absences: { gone: 30 } });
    expect(await runsOf(connection)).toHaveLength(3);
  });

  it('when the next run has held it as well is applied by one more, in the name of who approved it', async () => {
    const { company, connection, runId } = await held();
    const { reached, release } = company.hold(({ path }) => path === '/admin/bookings');
    const { id } = await world.start(connection);
    await reached;
    await approve(runId, NO_WAIT);
    const [approval] = await world.all<LogEvent>(
      `/api/events?stream=sync-run-${runId}&type=DeletionsApproved`,
    );
    release();
    expect(await world.end(id)).toMatchObject({ status: 'suspicious', heldDeletions: { count: 30 } });
    const [last, ...before] = await runsOf(connection);
    expect(before).toHaveLength(3);
    expect(await world.end(last!.id)).toMatchObject({ status: 'succeeded', absences: { gone: 30 } });
    const gone = await world.all<LogEvent>(`/api/events?runId=${last!.id}&type=ClientGone`);
    expect(new Set(gone.map(({ meta }) => meta.actor))).toEqual(new Set([approval!.meta.actor]));
    expect(await goneOf(connection)).toEqual(ids(1, 30).map(String));
    expect(await runsOf(connection)).toHaveLength(4);
  });

  it('that cannot be applied by the run after it is no reason for one run after the other', async () => {
    const { company, connection, runId } = await held();
    const { reached, release } = company.hold(({ path }) => path === '/admin/bookings');
    const { id } = await world.start(connection);
    await reached;
    await approve(runId, NO_WAIT);
    // More than were approved: that run holds them as well.
    remove(company, ids(31, 54));
    release();
    await world.end(id);
    const [last] = await runsOf(connection);
    expect(await world.end(last!.id)).toMatchObject({ status: 'suspicious', heldDeletions: { count: 24 } });
    expect(await runsOf(connection)).toHaveLength(4);
  });

  it('stands when somebody cancels the run that would have applied it: the next one does', async () => {
    const { company, connection, runId } = await held();
    const { reached, release } = company.holdPage(1);
    const answer = await approve(runId, NO_WAIT);
    const id = answer.headers.get('location')!.split('/').at(-1)!;
    await reached;
    const [cancelled] = await Promise.all([world.api('POST', `/api/runs/${id}/cancel`), approve(runId)]);
    expect(cancelled.status).toBe(202);
    release();
    expect((await world.end(id)).status).toBe('cancelled');
    expect(await goneOf(connection)).toEqual([]);
    expect(await runsOf(connection)).toHaveLength(3);
    const { runId: next } = await world.sync(connection);
    expect(await world.end(next)).toMatchObject({ status: 'succeeded', absences: { gone: 30 } });
  });
});

describe('disconnecting a company', () => {
  const disconnect = ({ id }: Connection) => world.api('DELETE', `/api/connections/${id}`);

  it('while a run asks whether its clients are gone ends that run, and nobody is gone', async () => {
    const { company, connection, runId } = await held();
    const { reached, release } = holdLook(company, 2);
    const { headers } = await approve(runId, NO_WAIT);
    await reached;
    expect((await disconnect(connection)).status).toBe(204);
    const applying = await world.end(headers.get('location')!.split('/').at(-1)!);
    release();
    expect(applying).toMatchObject({ status: 'failed', error: { code: 'connection-disconnected' } });
    expect(await goneOf(connection)).toEqual([]);
    expect(await approve(runId)).toMatchObject({ status: 409, code: 'connection-disconnected' });
  });

  it('while a webhook has a client looked at leaves that client as it is', async () => {
    const one = await hooked(world);
    const { company, connection, address } = one;
    company.crm.onChange = () => undefined;
    company.crm.change(2, { name: 'Too Late' });
    const { reached, release } = holdLook(company, 2);
    await deliver(address.url, { client_id: 2 });
    await reached;
    await disconnect(connection);
    release();
    await until(
      async () =>
        (await sql.query('select from looks where connection_id = $1', [connection.id])).rows.length === 0,
    );
    expect(await historyOf(connection, 2)).toEqual(['ClientImported']);
  });

  it('when a delivery has slipped in behind it takes nothing any more, and what is left of it goes', async () => {
    const one = await hooked(world);
    const { company, connection, address } = one;
    company.crm.onChange = () => undefined;
    company.crm.change(2, { name: 'Too Late' });
    const { reached, release } = holdLook(company, 2);
    await deliver(address.url, { client_id: 2 });
    await reached;
    const { rows: inbox } = await sql.query('select * from looks where connection_id = $1', [connection.id]);
    await disconnect(connection);
    // As if the look had been asked for after the inbox was emptied.
    await sql.query('insert into looks select * from jsonb_populate_recordset(null::looks, $1)', [
      JSON.stringify(inbox),
    ]);
    release();
    await until(
      async () =>
        (await sql.query('select from looks where connection_id = $1', [connection.id])).rows.length === 0,
    );
    expect(await historyOf(connection, 2)).toEqual(['ClientImported']);
  });
});

it('after all of that nothing is broken', async () => {
  expect(await brokenNow(sql)).toEqual([]);
});

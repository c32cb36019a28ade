import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Booking, Lead, LogEvent } from './contract.ts';
import { deliver, hooked, lookedAt, readsOf, type Hooked } from './webhooks.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

/** The names under which a client was ever recorded, in order. */
const namesOf = async ({ connection }: Hooked, id: number): Promise<string[]> => {
  const events = await world.all<LogEvent>(`/api/events?stream=crm-client-${connection.id}-${id}`);
  return events.map(({ personal }) => (personal as { name: string }).name);
};

const bookingOf = async ({ connection }: Hooked, id: number): Promise<Booking | undefined> =>
  (await world.all<Booking>('/api/bookings')).find(
    (one) => one.connectionId === connection.id && one.externalId === `${id}`,
  );

describe('A webhook and a sync at the same time', () => {
  it('end with what was read last: a page from before is not written over a look', async () => {
    const one = await hooked(world, {}, { clientFields: true });
    const { company, connection } = one;
    company.faults.set({ webhookDelivery: 'dropped' });
    company.crm.change(1, { name: 'Older' });
    company.crm.change(2, { name: 'Anybody' });
    // The sync has its page, and waits for the fields of another client.
    const { reached, release } = company.hold(({ path }) => path === '/admin/clients/field-values/2');
    const { id: runId } = await world.start(connection);
    await reached;
    company.faults.set({ webhookDelivery: 'sent' });
    company.crm.change(1, { name: 'Newer' });
    await lookedAt(world, one);
    expect((await namesOf(one, 1)).at(-1)).toBe('Newer');
    release();
    const run = await world.end(runId);
    expect(run).toMatchObject({ status: 'succeeded', counts: { fetched: 3 } });
    await lookedAt(world, one);
    expect(await namesOf(one, 1)).not.toContain('Older');
    expect((await namesOf(one, 2)).at(-1)).toBe('Anybody');
  });

  it('end with what was read last for a booking, too', async () => {
    const one = await hooked(world, { switches: { nested: false } });
    const { company, connection } = one;
    const { id } = company.bookings.add({ clientId: 1 });
    company.bookings.add({ clientId: 2 });
    await lookedAt(world, one);
    company.faults.set({ webhookDelivery: 'dropped' });
    company.bookings.change(id, { status: 'pending' });
    // The sync has its page, and waits for the names of services: the first to ask for them.
    let asked = 0;
    const { reached, release } = company.hold(({ path }) => path === '/admin/services' && (asked += 1) === 1);
    const { id: runId } = await world.start(connection);
    await reached;
    company.faults.set({ webhookDelivery: 'sent' });
    company.bookings.cancel(id);
    await lookedAt(world, one);
    expect(await bookingOf(one, id)).toMatchObject({ status: 'canceled' });
    release();
    expect(await world.end(runId)).toMatchObject({
      status: 'succeeded',
      counts: { bookings: { fetched: 2 } },
    });
    await lookedAt(world, one);
    const events = await world.all<LogEvent>(`/api/events?type=BookingUpserted&runId=${runId}`);
    expect(events).toEqual([]);
    expect(await bookingOf(one, id)).toMatchObject({ status: 'canceled' });
  });

  it('end with what was read last: a look from before is not written over a sync, but made again', async () => {
    const one = await hooked(world);
    const { company, connection } = one;
    company.crm.onChange = () => undefined;
    company.crm.change(1, { name: 'Older' });
    const { reached, release } = company.holdAnswer(({ path }) => path === '/admin/clients/1');
    const before = readsOf(one);
    await deliver(one.address.url, { client_id: 1 });
    await reached;
    company.crm.change(1, { name: 'Newer' });
    await world.sync(connection);
    expect((await namesOf(one, 1)).at(-1)).toBe('Newer');
    release();
    await lookedAt(world, one);
    expect(await namesOf(one, 1)).not.toContain('Older');
    expect(readsOf(one)).toBe(before + 2);
  });
});

type Step =
  | { what: 'client' | 'booking'; which: number; told: 'sent' | 'twice' | 'held' | 'dropped'; to: number }
  | { what: 'sync' | 'release' | 'pause' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constantFrom('client' as const, 'booking' as const),
      which: fc.integer({ min: 0, max: 2 }),
      told: fc.constantFrom('sent' as const, 'twice' as const, 'held' as const, 'dropped' as const),
      to: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constantFrom('sync' as const, 'release' as const, 'pause' as const) }),
  },
);

const STATUSES = ['confirmed', 'pending', 'confirmed_pending', 'canceled'];

describe('Whatever comes in whatever order', () => {
  it('ends as the CRM has it, wherever it has told of its last change', async () => {
    const one = await hooked(world);
    const { company, connection } = one;
    for (const { id } of company.crm.all()) company.bookings.add({ clientId: id });
    await lookedAt(world, one);
    const clients = company.crm.all().map(({ id }) => id);
    const bookings = company.bookings.all().map(({ id }) => id);
    const runs = new Set<string>();
    const take = async (given: Step, untold: Set<string>): Promise<void> => {
      if (given.what === 'sync') runs.add((await world.start(connection)).id);
      else if (given.what === 'release') await company.webhooks.deliver((held) => held.toReversed());
      else if (given.what === 'pause') await company.webhooks.settled();
      else if ('told' in given) {
        company.faults.set({ webhookDelivery: given.told });
        const id = (given.what === 'client' ? clients : bookings)[given.which]!;
        if (given.what === 'client') company.crm.change(id, { name: `Somebody ${given.to}` });
        else company.bookings.change(id, { status: STATUSES[given.to]! });
        const name = `${given.what} ${id}`;
        if (given.told === 'dropped') untold.add(name);
        else untold.delete(name);
      }
    };
    const agree = async (untold: ReadonlySet<string>): Promise<void> => {
      const leads = await world.all<Lead>('/api/leads');
      for (const { id, name } of company.crm.all().filter((client) => !untold.has(`client ${client.id}`))) {
        const lead = leads.find(({ sources }) =>
          sources.some((source) => source.connectionId === connection.id && source.externalId === `${id}`),
        );
        expect(lead?.sources.find(({ externalId }) => externalId === `${id}`)?.name).toBe(name);
      }
      for (const { id, status } of company.bookings
        .all()
        .filter(({ id: of }) => !untold.has(`booking ${of}`))) {
        expect(await bookingOf(one, id)).toMatchObject({ status });
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
        const untold = new Set<string>();
        for (const given of steps) await take(given, untold);
        company.faults.set({ webhookDelivery: 'sent' });
        await company.webhooks.deliver((held) => held.toReversed());
        for (const runId of runs) await world.end(runId);
        await lookedAt(world, one);
        await agree(untold);
        await world.sync(connection);
        await agree(new Set());
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });
});

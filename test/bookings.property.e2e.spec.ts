import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { moved } from '../sandbox/company-time.ts';
import type { Company } from '../sandbox/companies.ts';
import type { Booking, Connection, Lead, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const DAY = 86_400_000;
const PAGE = 3;

/** What may happen. `who` and `which` count round what is there. Days are counted from today. */
type Step =
  | { does: 'book'; who: number | null; days: number; made: number }
  | { does: 'move'; which: number; days: number }
  | { does: 'give'; which: number; who: number | null }
  | { does: 'status'; which: number; status: string }
  | { does: 'lose'; which: number }
  | { does: 'client'; who: number; email: string }
  | { does: 'sync' }
  | { does: 'fail'; page: number };

const who = fc.option(fc.nat(3), { nil: null, freq: 4 });
const which = fc.nat(8);
/** 400 days: a day that no calendar has. */
const days = fc.constantFrom(-60, -31, -29, -1, 1, 40, 400);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('book' as const),
      who,
      days,
      made: fc.constantFrom(-50, -20, 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('move' as const), which, days }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('give' as const), which, who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('status' as const),
      which,
      status: fc.constantFrom('confirmed', 'canceled', 'pending', 'rescheduled'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('lose' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('client' as const),
      who: fc.nat(3),
      email: fc.constantFrom('', 'ann', 'ben', 'no address'),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ does: 'sync' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('fail' as const), page: fc.integer({ min: 1, max: 3 }) }),
  },
);

const IMPOSSIBLE = '2030-02-30 10:00:00';
const KNOWN = new Set(['confirmed', 'canceled', 'pending']);

type Play = {
  company: Company;
  connection: Connection;
  taken: Map<string, object>;
  waiting: Map<string, string>;
};

const dayFrom = ({ company }: Play, count: number): string =>
  count === 400 ? IMPOSSIBLE : `${moved(company.bookings.now(), count * DAY).slice(0, 10)} 10:00:00`;

const bookingAt = ({ company }: Play, index: number) => {
  const all = company.bookings.all();
  return all[index % Math.max(1, all.length)]?.id ?? 0;
};

/** What a whole sync makes of the CRM, told once more: what is in the window, good or waiting. */
const expected = (play: Play): void => {
  const since = moved(play.company.bookings.now(), -30 * DAY).slice(0, 10);
  for (const { id, start, recorded, status, clientId } of play.company.bookings.all()) {
    if (start !== IMPOSSIBLE && start.slice(0, 10) < since && recorded.slice(0, 10) < since) continue;
    const name = String(id);
    play.waiting.delete(name);
    if (!KNOWN.has(status)) play.waiting.set(name, 'booking.status.unknown');
    else if (start === IMPOSSIBLE) play.waiting.set(name, 'booking.time.impossible');
    else
      play.taken.set(name, {
        status,
        startLocal: start,
        clientId: clientId === null ? null : String(clientId),
      });
  }
};

const syncs = async (play: Play): Promise<string[]> => {
  const events = await world.appended(async () => {
    const { stats, status } = await world.sync(play.connection);
    // Everything can be gone from the window at once, and then nobody is to be believed.
    expect(status === 'suspicious' ? stats.bookings_found : 0).toBe(0);
    expect(stats.bookings_found).toBe(
      stats.bookings_created + stats.bookings_updated + stats.bookings_unchanged + stats.bookings_quarantined,
    );
  });
  expected(play);
  return events.map(({ type }) => type).filter((type) => !type.startsWith('Sync'));
};

const perform = async (play: Play, one: Step): Promise<void> => {
  const { company, connection } = play;
  const { bookings, crm, faults } = company;
  const clientId = (index: number | null): number | null => (index === null ? null : index + 1);
  switch (one.does) {
    case 'book': {
      const start = dayFrom(play, one.days);
      const recorded = dayFrom(play, one.made);
      // The CRM numbers bookings in the order in which they are made.
      const newest = bookings.all().at(-1)?.recorded ?? '';
      bookings.add({
        clientId: clientId(one.who),
        start,
        end: start,
        recorded: recorded > newest ? recorded : newest,
      });
      return;
    }
    case 'move':
      bookings.change(bookingAt(play, one.which), {
        start: dayFrom(play, one.days),
        end: dayFrom(play, one.days),
      });
      return;
    case 'give':
      bookings.change(bookingAt(play, one.which), { clientId: clientId(one.who) });
      return;
    case 'status':
      bookings.change(bookingAt(play, one.which), { status: one.status });
      return;
    case 'lose':
      bookings.remove(bookingAt(play, one.which));
      return;
    case 'client': {
      const email = /^\w+$/.test(one.email)
        ? `${one.email}@${company.account.company}.example.com`
        : one.email;
      crm.change(one.who + 1, { email });
      return;
    }
    case 'sync':
      await syncs(play);
      return;
    case 'fail':
      faults.set({ troubles: [{ kind: 'status', value: 400, on: 'bookings', page: one.page }] });
      await world.api('POST', `/api/connections/${connection.id}/sync`);
      faults.set({ troubles: [] });
      // What was written before it failed is what the next run would have written.
      await syncs(play);
  }
};

const byId = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number =>
  Number(one) - Number(other);

const expectBooks = async ({ connection, company, taken, waiting }: Play): Promise<void> => {
  const leads = new Map<string, string>();
  for (const { id, sources } of await world.all<Lead>(`/api/leads?source=${connection.id}`)) {
    for (const { externalId } of sources) leads.set(externalId, id);
  }
  const listed = new Set(company.bookings.all().map(({ id }) => String(id)));
  const found = await world.all<Booking>(`/api/bookings?connectionId=${connection.id}`);
  expect(
    found
      .map(
        ({ externalId, status, startLocal, clientId }) =>
          [externalId, { status, startLocal, clientId }] as const,
      )
      .toSorted(byId),
  ).toEqual([...taken].toSorted(byId));
  for (const { externalId, clientId, leadId } of found) {
    const isCurrent = listed.has(externalId) && !waiting.has(externalId);
    if (isCurrent && clientId === null) expect(leadId).toBeNull();
    if (leadId !== null) expect([...leads.values()]).toContain(leadId);
  }
  const records = await world.all<Waiting>(`/api/quarantine?connectionId=${connection.id}`);
  expect(
    records
      .filter(({ kind }) => kind === 'booking')
      .map(({ externalId, code }) => [externalId, code] as const)
      .toSorted(byId),
  ).toEqual([...waiting].toSorted(byId));
};

it('whatever happens to bookings and clients between the syncs, the books say at the end what the CRM holds', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), async (steps) => {
      // What JSON-RPC tells of bookings from before the window has a test of its own.
      const switches = { onPageCap: PAGE, rpcMissing: true };
      const company = await world.companies.open({ clients: 4, clean: true, switches });
      const play: Play = {
        company,
        connection: await world.connect(company),
        taken: new Map(),
        waiting: new Map(),
      };
      for (const one of steps) await perform(play, one);
      await syncs(play);
      await expectBooks(play);
      expect(await syncs(play)).toEqual([]);
      await expectBooks(play);
    }),
    {
      numRuns: 40,
      interruptAfterTimeLimit: 45_000,
      markInterruptAsFailure: false,
    },
  );
});

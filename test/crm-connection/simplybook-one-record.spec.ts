import { describe, expect, it } from '@jest/globals';
import type { Switches } from '../../sandbox/faults.ts';
import type { SandboxOptions } from '../../sandbox/sandbox.ts';
import { checked } from '../../src/modules/crm-connection/simplybook/one-record.ts';
import { meet, meetBoth, never, refusalOf, type Meeting } from './simplybook.ts';

const client = ({ provider, session }: Meeting, id: string) => provider.client(session, id, never);

const booking = ({ provider, session }: Meeting, id: string) => {
  const window = { since: new Date(Date.now() - 30 * 86_400_000), timezone: null };
  return provider.booking(session, id, window, never);
};

/** REST, and JSON-RPC where there is no REST. */
const WAYS: [string, (options?: Partial<SandboxOptions>) => Promise<Meeting>][] = [
  ['REST', (options) => meet(options)],
  [
    'JSON-RPC',
    (options = {}) => meetBoth({ ...options, switches: { ...options.switches, restMissing: true } }),
  ],
];

describe.each(WAYS)('One record by %s', (way, meeting) => {
  it.each<Partial<Switches>>([{}, { ids: 'text' }, { ids: 'padded' }, { nested: false }])(
    'reads with %j as the list has it: a webhook and a sync never see two versions of one thing',
    async (switches) => {
      const met = await meeting({ clients: 12, bookings: 20, clean: false, switches });
      const { clients, unreadable } = await met.list();
      expect(clients.length + unreadable.length).toBeGreaterThan(0);
      for (const { record: _, ...listed } of clients) {
        const read = await client(met, listed.externalId);
        expect(read).toMatchObject({ client: expect.objectContaining(listed) });
      }
      const { bookings, unusable } = await met.listBookings();
      expect(unusable.length).toBeGreaterThan(0);
      for (const listed of bookings) {
        expect(await booking(met, listed.externalId)).toEqual({ booking: listed, onlyKnown: false });
      }
      for (const { externalId, code } of unusable) {
        const read = await booking(met, externalId!);
        expect(read).toMatchObject({ unusable: { externalId, code }, onlyKnown: false });
      }
    },
  );

  it('is gone when it is deleted, and when there never was one', async () => {
    const met = await meeting({ clients: 3, bookings: 3 });
    met.sandbox.crm.delete(2);
    expect([await client(met, '2'), await client(met, '99')]).toEqual(['gone', 'gone']);
    expect(await booking(met, '99')).toBe('gone');
  });

  it('says of a booking from before the window that it is wanted only where it is known', async () => {
    const met = await meeting({ clients: 1 });
    const { id } = met.sandbox.bookings.add({
      start: '2020-02-03 10:00:00',
      end: '2020-02-03 11:00:00',
      recorded: '2020-02-01 10:00:00',
      clientId: 1,
    });
    expect(await booking(met, String(id))).toMatchObject({ onlyKnown: true });
  });

  it('is unknown where this user may not see it, which is no reason to log in again', async () => {
    const met = await meeting({ clients: 1, bookings: 3, switches: { bookingsRoute: 'forbidden' } });
    const [first] = met.sandbox.bookings.all();
    for (let looks = 0; looks < 3; looks += 1) {
      expect(await booking(met, String(first!.id))).toBe('unknown');
    }
    const { logins, rpcLogins, refreshes } = met.sandbox.requests.summary();
    // JSON-RPC is found by a login of REST that opens nothing.
    expect(logins.ok + rpcLogins.ok + refreshes.ok).toBeLessThanOrEqual(way === 'REST' ? 1 : 2);
  });

  it('lives through an expired token', async () => {
    const met = await meeting({ clients: 2 });
    await met.list();
    met.sandbox.auth.expireTokens();
    expect(await client(met, '1')).toMatchObject({ client: { externalId: '1' } });
  });
});

describe('One record', () => {
  it.each(['A web page', [], { id: 7, name: 'Somebody Else' }, { name: 'Nobody' }, null])(
    'is not taken from an answer that is something else: %j',
    (value) => {
      expect(checked({ value, cut: false }, '1', () => 'taken')).toHaveProperty('unusable');
    },
  );

  it('is taken from the answer that is it, whatever its id is written as', () => {
    for (const id of [1, '1', '01']) {
      expect(checked({ value: { id }, cut: false }, '1', () => 'taken')).toEqual({ answer: 'taken' });
    }
  });

  it('is not gone because REST is: a web page is no word about a client', async () => {
    const met = await meet({ clients: 1 });
    await met.list();
    met.sandbox.faults.set({ restMissing: true });
    expect((await refusalOf(client(met, '1'))).code).toBe('crm-answer-unusable');
  });
});

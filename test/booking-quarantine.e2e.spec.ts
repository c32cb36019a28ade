import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from './companies.ts';
import type { Booking, Connection, LogEvent, Problem, Waiting } from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const RUN_ALONE = ['SyncStarted', 'SyncCompleted'];
const NEVER = '2031-02-30 10:00:00';
const kinds = (events: readonly LogEvent[]): string[] => events.map(({ type }) => type);

const listed = ({ id }: Connection, query = ''): Promise<Waiting[]> =>
  world.all<Waiting>(`/api/quarantine?connectionId=${id}&kind=booking${query}`);
const bookingsOf = ({ id }: Connection): Promise<Booking[]> =>
  world.all<Booking>(`/api/bookings?connectionId=${id}`);
const dismiss = (id: string) => world.api<Waiting>('POST', `/api/quarantine/${id}/dismiss`);

/** A company with one client, whose booking is on 30 February. */
const waitsIn = async (
  fields: object = {},
): Promise<{ company: Company; connection: Connection; id: number; waiting: Waiting }> => {
  const { company, connection } = await world.connected({ clients: 1 });
  const { id } = company.bookings.add({ clientId: 1, start: NEVER, ...fields });
  await world.sync(connection);
  const [waiting] = await listed(connection);
  return { company, connection, id, waiting: waiting! };
};

describe('dismissing a booking', () => {
  it('is a fact with its actor; the booking is no error of later syncs while it stays the same', async () => {
    const { connection, id, waiting } = await waitsIn();
    const events = await world.appended(async () => {
      const { status, body } = await dismiss(waiting.id);
      expect([status, body]).toEqual([200, { ...waiting, status: 'dismissed' }]);
      expect((await dismiss(waiting.id)).status).toBe(200);
    });
    expect(kinds(events)).toEqual(['BookingDismissed']);
    const bookingId = expect.any(String);
    expect(events[0]).toMatchObject({
      data: {
        bookingId,
        connectionId: connection.id,
        externalId: String(id),
        code: 'booking.time.impossible',
      },
      personal: null,
      meta: { actor: expect.stringMatching(/^key:/), causationId: null },
    });
    expect(events[0]?.stream).toBe(`booking-${String(events[0]?.data['bookingId'])}`);
    expect(await listed(connection)).toEqual([]);
    expect(await listed(connection, '&status=dismissed')).toMatchObject([{ id: waiting.id }]);
    for (let times = 0; times < 2; times += 1) {
      const again = await world.appended(async () => {
        const { status, stats, errors } = await world.sync(connection);
        expect([status, errors]).toEqual(['succeeded', []]);
        expect(stats).toMatchObject({
          bookings_found: 1,
          bookings_unchanged: 1,
          bookings_quarantined: 0,
          errors_count: 0,
        });
      });
      expect(kinds(again)).toEqual(RUN_ALONE);
    }
  });

  it('is over when the CRM changes it: it waits again, or is taken', async () => {
    const { company, connection, id, waiting } = await waitsIn();
    await dismiss(waiting.id);
    company.bookings.change(id, { start: '2031-02-31 10:00:00' });
    const { status, stats } = await world.sync(connection);
    expect([status, stats.bookings_quarantined, stats.bookings_unchanged]).toEqual([
      'succeeded-with-errors',
      1,
      0,
    ]);
    expect(await listed(connection)).toMatchObject([{ id: waiting.id, status: 'waiting' }]);
    await dismiss(waiting.id);
    company.bookings.change(id, { start: '2031-02-28 10:00:00', end: '2031-02-28 11:00:00' });
    expect((await world.sync(connection)).stats.bookings_created).toBe(1);
    expect(await listed(connection, '&status=dismissed')).toEqual([]);
    expect(await bookingsOf(connection)).toMatchObject([{ startLocal: '2031-02-28 10:00:00' }]);
  });

  it('leaves what was taken of it as it was, and counts others as ever', async () => {
    const { company, connection, id, waiting } = await waitsIn();
    const good = { start: '2031-03-03 10:00:00', end: '2031-03-03 11:00:00' };
    company.bookings.change(id, good);
    company.bookings.add({ clientId: 1, ...good, status: 'rescheduled' });
    await world.sync(connection);
    const [before] = await bookingsOf(connection);
    company.bookings.change(id, { status: 'rescheduled' });
    await world.sync(connection);
    expect(await listed(connection)).toHaveLength(2);
    await dismiss(waiting.id);
    const { status, stats, errors } = await world.sync(connection);
    expect([status, errors.length]).toEqual(['succeeded-with-errors', 1]);
    expect(stats).toMatchObject({ bookings_found: 2, bookings_unchanged: 1, bookings_quarantined: 1 });
    expect(await bookingsOf(connection)).toMatchObject([{ startAt: before?.startAt, status: 'confirmed' }]);
    company.bookings.change(id, { status: 'confirmed' });
    await world.sync(connection);
    expect(await bookingsOf(connection)).toMatchObject([{ startAt: before?.startAt }]);
    expect(await listed(connection, '&status=dismissed')).toEqual([]);
  });

  it('works for what has no id', async () => {
    const { company, connection } = await waitsIn();
    company.bookings.addRow('{"id":null,"status":"confirmed"}');
    await world.sync(connection);
    const all = await listed(connection);
    expect(all).toHaveLength(2);
    for (const { id } of all) await dismiss(id);
    const events = await world.appended(async () => {
      const { status, stats } = await world.sync(connection);
      expect([status, stats.bookings_unchanged, stats.errors_count]).toEqual(['succeeded', 2, 0]);
    });
    expect(kinds(events)).toEqual(RUN_ALONE);
  });

  it('goes for all that match, clients and bookings', async () => {
    const { company, connection } = await waitsIn();
    company.bookings.add({ clientId: 1, status: 'rescheduled' });
    company.crm.add({ name: 'Lost', email: '' });
    await world.sync(connection);
    const sweep = async (more: object) =>
      (await world.api('POST', '/api/quarantine/dismiss', { connectionId: connection.id, ...more })).body;
    expect(await sweep({ kind: 'booking', code: 'booking.time.impossible' })).toEqual({
      dismissed: 1,
      remaining: 0,
    });
    expect(await listed(connection)).toMatchObject([{ code: 'booking.status.unknown' }]);
    expect(await sweep({})).toEqual({ dismissed: 2, remaining: 0 });
    expect(await sweep({})).toEqual({ dismissed: 0, remaining: 0 });
    const { status, stats } = await world.sync(connection);
    expect([status, stats.bookings_unchanged, stats.leads_unchanged]).toEqual(['succeeded', 2, 2]);
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Company } from '../sandbox/companies.ts';
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
const replay = (id: string, body: object = {}) =>
  world.api<Problem & { leadId: string | null; bookingId: string; code: string }>(
    'POST',
    `/api/quarantine/${id}/replay`,
    body,
  );
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
    expect(await bookingsOf(connection)).toMatchObject([
      { startAt: before?.startAt, status: 'confirmed', version: 4 },
    ]);
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

describe('replaying all that match', () => {
  it('leaves bookings to the next sync, and says how many of them wait', async () => {
    const { company, connection } = await waitsIn();
    company.crm.add({ name: 'Lost', email: '' });
    await world.sync(connection);
    const replay = async (more: object) =>
      (await world.api('POST', '/api/quarantine/replay', { connectionId: connection.id, ...more })).body;
    const events = await world.appended(async () => {
      expect(await replay({})).toEqual({ released: 0, stillWaiting: 2, remaining: 0 });
      expect(await replay({ kind: 'client' })).toMatchObject({ stillWaiting: 1 });
      expect(await replay({ kind: 'booking' })).toMatchObject({ stillWaiting: 1 });
      expect(await replay({ code: 'booking.time.impossible' })).toMatchObject({ stillWaiting: 1 });
      expect(await replay({ code: 'booking.status.unknown' })).toMatchObject({ stillWaiting: 0 });
    });
    expect(events).toEqual([]);
  });
});

describe('replaying a booking', () => {
  /** Clocks in Berlin jump over it, those in Lagos do not. */
  const JUMPED = { start: '2031-03-30 02:30:00', end: '2031-03-30 03:30:00' };

  it('takes it when the company’s zone has been put right, as a sync would', async () => {
    const { company, connection, waiting } = await waitsIn(JUMPED);
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    const events = await world.appended(async () => {
      const { status, body } = await replay(waiting.id);
      const [booking] = await bookingsOf(connection);
      expect([status, body]).toEqual([
        200,
        { released: true, leadId: booking?.leadId, bookingId: booking?.id },
      ]);
      expect(booking).toMatchObject({ startAt: '2031-03-30T01:30:00.000000Z', leadId: expect.any(String) });
    });
    expect(kinds(events)).toEqual(['BookingUpserted']);
    expect(events[0]?.meta).toMatchObject({ actor: expect.stringMatching(/^key:/), causationId: null });
    expect(events[0]?.meta.runId).toBeUndefined();
    expect(await listed(connection)).toEqual([]);
    expect((await replay(waiting.id)).code).toBe('quarantine-not-found');
    const again = await world.appended(async () => {
      const { status, stats } = await world.sync(connection);
      expect([status, stats.bookings_unchanged]).toEqual(['succeeded', 1]);
    });
    expect(kinds(again)).toEqual(RUN_ALONE);
  });

  it('that still cannot be taken is 422 with the reason, and counts as an attempt', async () => {
    const { company, connection, waiting } = await waitsIn();
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    const events = await world.appended(async () => {
      const { status, code, body } = await replay(waiting.id);
      expect([status, code]).toEqual([422, 'still-in-quarantine']);
      expect(body).toMatchObject({ code: 'booking.time.impossible', leads: [] });
      expect(body.detail).toContain('still cannot be taken (booking.time.impossible). Mend the booking');
    });
    expect(events).toEqual([]);
    expect(await listed(connection)).toEqual([{ ...waiting, attempts: 2 }]);
  });

  it('with a fix is 400: there is nothing to fix', async () => {
    const { connection, waiting } = await waitsIn(JUMPED);
    const { status, code, body } = await replay(waiting.id, { fix: { name: 'Noah' } });
    expect([status, code, body.errors?.map(({ pointer }) => pointer)]).toEqual([
      400,
      'invalid-request',
      ['/fix'],
    ]);
    expect(body.detail).toContain('nothing to fix in a booking');
    expect(await listed(connection)).toEqual([waiting]);
    expect((await replay(waiting.id, { fix: null })).status).toBe(422);
  });

  it('says null for a lead that there is not', async () => {
    const { company, waiting } = await waitsIn({ ...JUMPED, clientId: null });
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    const { status, body } = await replay(waiting.id);
    expect([status, body]).toEqual([200, { released: true, leadId: null, bookingId: expect.any(String) }]);
  });

  it('goes by what the CRM said last, where all of that was kept', async () => {
    const { company, connection } = await world.connected();
    company.bookings.addRow(
      '{"id":9001,"client_id":null,"status":"confirmed","start_datetime":"2031-03-30 02:30:00","end_datetime":"2031-03-30 03:30:00","code":"a\\u0000b"}',
    );
    await world.sync(connection);
    const [waiting] = await listed(connection);
    expect(waiting?.code).toBe('booking.time.impossible');
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    expect((await replay(waiting!.id)).status).toBe(422);
    await world.sync(connection);
    expect(await listed(connection)).toMatchObject([{ code: 'record.unreadable' }]);
  });

  it('works where JSON-RPC is the only way', async () => {
    const { company, connection } = await world.connected({ clients: 1, switches: { restMissing: true } });
    company.bookings.add({ clientId: 1, ...JUMPED });
    await world.sync(connection);
    const [waiting] = await listed(connection);
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    expect((await replay(waiting!.id)).status).toBe(200);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('works for one that was dismissed', async () => {
    const { company, connection, waiting } = await waitsIn(JUMPED);
    await dismiss(waiting.id);
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    expect((await replay(waiting.id)).status).toBe(200);
    expect(await listed(connection, '&status=dismissed')).toEqual([]);
    expect(await bookingsOf(connection)).toHaveLength(1);
  });

  it('is 409 where the company has been disconnected: nobody can be asked for its zone', async () => {
    const { connection, waiting } = await waitsIn(JUMPED);
    await world.api('DELETE', `/api/connections/${connection.id}`);
    const { status, code } = await replay(waiting.id);
    expect([status, code]).toEqual([409, 'connection-disconnected']);
  });

  it('ten times at once takes it once', async () => {
    const { company, connection, waiting } = await waitsIn(JUMPED);
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    const events = await world.appended(async () => {
      const answers = await Promise.all(Array.from({ length: 10 }, () => replay(waiting.id)));
      const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
      expect(statuses).toEqual([200, ...Array<number>(9).fill(404)]);
    });
    expect(kinds(events)).toEqual(['BookingUpserted']);
    expect(await bookingsOf(connection)).toMatchObject([{ version: 2 }]);
  });

  it('of which a sync brings another version meanwhile is 409 and changes nothing', async () => {
    const { company, connection } = await world.connected({ clients: 1, switches: { nested: false } });
    const { id } = company.bookings.add({ clientId: 1, ...JUMPED });
    await world.sync(connection);
    const [waiting] = await listed(connection);
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    // The names of services come on pages too: the replay waits for the first one, the sync does not.
    const names = company.holdPage(1);
    const replaying = replay(waiting!.id);
    await names.reached;
    company.holdPage(1_000);
    company.bookings.change(id, { start: '2031-02-31 10:00:00' });
    await world.sync(connection);
    const events = await world.appended(async () => {
      names.release();
      const { status, code } = await replaying;
      expect([status, code]).toEqual([409, 'quarantine-changed']);
    });
    expect(events).toEqual([]);
    expect(await bookingsOf(connection)).toEqual([]);
    company.bookings.change(id, { start: '2031-03-30 02:30:00' });
    const reread = await world.appended(() => world.sync(connection));
    expect(kinds(reread)).toEqual(['SyncStarted', 'BookingUpserted', 'SyncCompleted']);
  });

  it('learns the names that it leaves out, as a sync does', async () => {
    const { company, connection } = await world.connected({ clients: 1, switches: { nested: false } });
    company.bookings.add({ clientId: 1, ...JUMPED });
    await world.sync(connection);
    const [waiting] = await listed(connection);
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    expect((await replay(waiting!.id)).status).toBe(200);
    expect(await bookingsOf(connection)).toMatchObject([{ service: 'Full session' }]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });

  it('while a sync brings another version of it never leaves the old one', async () => {
    const { company, connection, id, waiting } = await waitsIn(JUMPED);
    company.faults.set({ companyTimezone: 'Africa/Lagos' });
    const later = { start: '2031-03-30 02:45:00', end: '2031-03-30 03:45:00' };
    company.bookings.change(id, later);
    const [, replayed] = await Promise.all([world.sync(connection), replay(waiting.id)]);
    expect([200, 404]).toContain(replayed.status);
    await world.sync(connection);
    expect(await bookingsOf(connection)).toMatchObject([{ startLocal: later.start }]);
    expect(kinds(await world.appended(() => world.sync(connection)))).toEqual(RUN_ALONE);
  });
});

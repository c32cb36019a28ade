import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ODDITY_COUNT, UNUSABLE_ODDITIES } from '../sandbox/appointments.ts';
import { lastSunday, moved } from '../sandbox/company-time.ts';
import type { Company } from '../sandbox/companies.ts';
import type {
  Booking,
  Connection,
  FailedSync,
  Lead,
  LeadDetail,
  LogEvent,
  Page,
  Run,
  Waiting,
} from './contract.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());

const DAY = 86_400_000;

const bookingsOf = ({ id }: Connection): Promise<Booking[]> =>
  world.all<Booking>(`/api/bookings?connectionId=${id}`);

const oneOf = async (connection: Connection, id: number): Promise<Booking | undefined> =>
  (await bookingsOf(connection)).find(({ externalId }) => externalId === String(id));

const waitingOf = ({ id }: Connection): Promise<Waiting[]> =>
  world.all<Waiting>(`/api/quarantine?connectionId=${id}`);

const leadOf = async (connection: Connection, clientId: number): Promise<Lead | undefined> =>
  (await world.all<Lead>(`/api/leads?source=${connection.id}`)).find(({ sources }) =>
    sources.some(({ externalId }) => externalId === String(clientId)),
  );

/** The events beside the run's own. */
const facts = async (work: () => Promise<unknown>): Promise<LogEvent[]> =>
  (await world.appended(work)).filter(({ type }) => !type.startsWith('Sync'));

const wantedIn = ({ bookings }: Company): string[] => {
  const since = moved(bookings.now(), -30 * DAY).slice(0, 10);
  return bookings
    .all()
    .filter(({ start, recorded }) => start.slice(0, 10) >= since || recorded.slice(0, 10) >= since)
    .map(({ id }) => String(id));
};

describe('a first sync', () => {
  it('takes every booking of the window with its lead, and a second one changes nothing', async () => {
    const { company, connection } = await world.connected({ clients: 60, bookings: 400 });
    const wanted = wantedIn(company);
    const first = await world.appended(async () => {
      const { status, stats, warnings } = await world.sync(connection);
      expect({ status, warnings }).toEqual({ status: 'succeeded', warnings: [] });
      expect(stats).toMatchObject({
        leads_created: 60,
        bookings_found: wanted.length,
        bookings_created: wanted.length,
        bookings_updated: 0,
        bookings_unchanged: 0,
        bookings_quarantined: 0,
        errors_count: 0,
      });
    });
    const upserted = first.filter(({ type }) => type === 'BookingUpserted');
    expect(upserted).toHaveLength(wanted.length);
    const found = await bookingsOf(connection);
    expect(found.map(({ externalId }) => Number(externalId)).toSorted((a, b) => a - b)).toEqual(
      wanted.map(Number),
    );
    const leads = new Map(
      (await world.all<Lead>(`/api/leads?source=${connection.id}`)).map(({ id, sources }) => [
        sources[0]?.externalId,
        id,
      ]),
    );
    for (const { clientId, leadId } of found) expect(leadId).toBe(leads.get(clientId ?? ''));

    const second = await world.appended(async () => {
      const { status, stats } = await world.sync(connection);
      expect(status).toBe('succeeded');
      expect(stats).toMatchObject({
        bookings_found: wanted.length,
        bookings_created: 0,
        bookings_unchanged: wanted.length,
      });
    });
    expect(second.map(({ type }) => type)).toEqual(['SyncStarted', 'SyncCompleted']);
    expect(await bookingsOf(connection)).toEqual(found);
  });

  it('tells of one booking everything but its client', async () => {
    const { company, connection } = await world.connected({ clients: 1 });
    const { code } = company.bookings.add({
      start: '2030-12-01 10:00:00',
      end: '2030-12-01 11:30:00',
      recorded: '2026-06-20 16:31:07',
      clientId: 1,
      serviceId: 8,
      providerId: 3,
    });
    const [upserted] = (await facts(() => world.sync(connection))).slice(-1);
    const lead = await leadOf(connection, 1);
    const [booking] = await bookingsOf(connection);
    expect(booking).toEqual({
      id: upserted?.data['bookingId'],
      connectionId: connection.id,
      externalId: '4001',
      code,
      clientId: '1',
      leadId: lead?.id,
      leadName: lead?.name,
      status: 'confirmed',
      startAt: '2030-12-01T09:00:00.000000Z',
      endAt: '2030-12-01T10:30:00.000000Z',
      startLocal: '2030-12-01 10:00:00',
      endLocal: '2030-12-01 11:30:00',
      timezone: 'Europe/Berlin',
      service: 'Yoga & Breath',
      serviceId: '8',
      provider: 'Søren Ibrahim',
      providerId: '3',
      recordedAt: '2026-06-20T14:31:07.000000Z',
      recordedLocal: '2026-06-20 16:31:07',
      createdAt: upserted?.recordedAt,
      updatedAt: upserted?.recordedAt,
      version: 1,
    });
    expect((await world.api<Booking>('GET', `/api/bookings/${booking?.id}`)).body).toEqual(booking);
    expect(upserted).toMatchObject({
      type: 'BookingUpserted',
      stream: `booking-${booking?.id}`,
      data: {
        bookingId: booking?.id,
        connectionId: connection.id,
        externalId: '4001',
        leadId: lead?.id,
        change: 'created',
        status: 'confirmed',
      },
      personal: { service: 'Yoga & Breath', startLocal: '2030-12-01 10:00:00' },
      meta: { actor: 'key:admin', causationId: null, runId: expect.any(String) },
    });
  });

  it('puts aside each odd booking for its reason and takes the others', async () => {
    const { company, connection } = await world.connected({
      clients: 30,
      bookings: ODDITY_COUNT,
      clean: false,
    });
    const { status, stats, errors } = await world.sync(connection);
    expect(status).toBe('succeeded-with-errors');
    expect(stats.bookings_found).toBe(ODDITY_COUNT);
    expect(stats.bookings_quarantined).toBe(UNUSABLE_ODDITIES);
    expect(stats.bookings_created).toBe(ODDITY_COUNT - UNUSABLE_ODDITIES);
    expect(stats.errors_count).toBe(stats.clients_quarantined + UNUSABLE_ODDITIES);
    expect(errors).toHaveLength(Math.min(10, stats.errors_count));

    const waiting = (await waitingOf(connection)).filter(({ kind }) => kind === 'booking');
    expect(Object.fromEntries(waiting.map(({ externalId, code }) => [externalId, code]))).toEqual({
      ...Object.fromEntries([4011, 4012, 4013, 4014, 4015].map((id) => [id, 'booking.time.impossible'])),
      4016: 'booking.status.unknown',
    });
    for (const { record, attempts } of waiting) {
      expect(attempts).toBe(1);
      expect(JSON.stringify(record)).not.toContain('@');
    }
    const odd = await bookingsOf(connection);
    const linksOf = (id: number) => odd.find(({ externalId }) => externalId === String(id));
    expect([4001, 4002, 4003].map((id) => [linksOf(id)?.clientId, linksOf(id)?.leadId])).toEqual([
      [null, null],
      ['999999', null],
      ['31', null],
    ]);
    expect([4004, 4005, 4006].map((id) => linksOf(id)?.status)).toEqual([
      'canceled',
      'pending',
      'confirmed_pending',
    ]);
    expect([linksOf(4007)?.service, linksOf(4008)?.service]).toEqual(['Yoga & Breath', null]);
    const twice = lastSunday(company.bookings.now(), 10);
    expect(linksOf(4010)).toMatchObject({
      startLocal: `${twice} 02:30:00`,
      startAt: `${twice}T00:30:00.000000Z`,
      endAt: `${twice}T02:30:00.000000Z`,
    });

    expect(await facts(() => world.sync(connection))).toEqual([]);
    const again = (await waitingOf(connection)).filter(({ kind }) => kind === 'booking');
    expect(again.map(({ attempts }) => attempts)).toEqual(waiting.map(() => 2));
  });
});

describe('what happens to a booking in the CRM', () => {
  const booked = async () => {
    const { company, connection } = await world.connected({ clients: 3 });
    const { id } = company.bookings.add({ clientId: 1, start: '2030-12-01 10:00:00' });
    await world.sync(connection);
    return { company, connection, id };
  };
  const changedBy = async (connection: Connection): Promise<unknown[]> =>
    (await facts(() => world.sync(connection))).map(({ type, data }) => [
      type,
      data['change'],
      data['changed'],
    ]);

  it('is noted: its cancellation', async () => {
    const { company, connection, id } = await booked();
    company.bookings.cancel(id);
    expect(await changedBy(connection)).toEqual([['BookingUpserted', 'updated', ['status']]]);
    expect(await oneOf(connection, id)).toMatchObject({ status: 'canceled', version: 2 });
  });

  it('is noted: another time, and another client’s', async () => {
    const { company, connection, id } = await booked();
    company.bookings.change(id, { start: '2030-12-01 11:00:00', end: '2030-12-01 12:00:00', clientId: 2 });
    expect(await changedBy(connection)).toEqual([
      ['BookingUpserted', 'updated', ['clientId', 'leadId', 'startAt', 'endAt', 'startLocal', 'endLocal']],
    ]);
    expect(await oneOf(connection, id)).toMatchObject({
      clientId: '2',
      leadId: (await leadOf(connection, 2))?.id,
      startAt: '2030-12-01T10:00:00.000000Z',
    });
  });

  it('is not what happens to its client: a new name is no change of a booking', async () => {
    const { company, connection } = await booked();
    company.crm.change(1, { name: 'Renamed Entirely' });
    const events = await facts(() => world.sync(connection));
    expect(events.map(({ type }) => type)).toEqual(['ClientImported', 'LeadUpserted']);
  });

  it('does not take it away when it is over for more than 30 days, or no longer listed', async () => {
    const { company, connection, id } = await booked();
    const other = company.bookings.add({ clientId: 2 });
    await world.sync(connection);
    const longAgo = moved(company.bookings.now(), -60 * DAY);
    company.bookings.change(id, { start: longAgo, end: longAgo, recorded: longAgo });
    expect(await facts(() => world.sync(connection))).toEqual([]);
    expect(await oneOf(connection, id)).toMatchObject({ status: 'confirmed' });
    company.bookings.add({ clientId: 3 });
    company.bookings.remove(other.id);
    await world.sync(connection);
    expect(await oneOf(connection, other.id)).toMatchObject({ status: 'confirmed' });
  });

  it('brings it out of quarantine when the CRM mends it, and back as it was when it returns', async () => {
    const { company, connection, id } = await booked();
    const before = await oneOf(connection, id);
    company.bookings.change(id, { status: 'rescheduled' });
    expect((await world.sync(connection)).stats).toMatchObject({
      bookings_quarantined: 1,
      bookings_unchanged: 0,
    });
    expect(await waitingOf(connection)).toMatchObject([
      { kind: 'booking', externalId: String(id), code: 'booking.status.unknown' },
    ]);
    expect(await oneOf(connection, id)).toMatchObject({ status: 'confirmed', startAt: before?.startAt });
    company.bookings.change(id, { status: 'confirmed' });
    expect(await changedBy(connection)).toEqual([['BookingUpserted', 'updated', []]]);
    expect(await waitingOf(connection)).toEqual([]);
    expect(await facts(() => world.sync(connection))).toEqual([]);
  });
});

describe('a booking and its lead', () => {
  it('find each other later, when the client comes out of quarantine', async () => {
    const { company, connection } = await world.connected({ clients: 0 });
    const client = company.crm.add({ name: 'Late Arrival' });
    company.bookings.add({ clientId: client.id });
    await world.sync(connection);
    expect(await bookingsOf(connection)).toMatchObject([
      { clientId: String(client.id), leadId: null, leadName: null },
    ]);
    company.crm.change(client.id, { email: `late.${connection.id}@example.com` });
    const events = await facts(() => world.sync(connection));
    expect(events.map(({ type, data }) => [type, data['changed']]).slice(-1)).toEqual([
      ['BookingUpserted', ['leadId']],
    ]);
    const lead = await leadOf(connection, client.id);
    expect(await bookingsOf(connection)).toMatchObject([{ leadId: lead?.id, leadName: 'Late Arrival' }]);
    company.crm.change(client.id, { name: 'Early Arrival' });
    await world.sync(connection);
    const { body } = await world.api<Page<Booking>>('GET', `/api/bookings?leadId=${lead?.id}`);
    expect(body.data.map(({ leadName }) => leadName)).toEqual(['Early Arrival']);
  });

  it('are shown together: how many there are, and the next ten that are not canceled', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    const { bookings } = company;
    bookings.add({ clientId: 1, start: moved(bookings.now(), -3 * DAY) });
    bookings.add({ clientId: 1, start: moved(bookings.now(), 3 * DAY), status: 'canceled' });
    for (let days = 12; days > 0; days -= 1)
      bookings.add({ clientId: 1, start: moved(bookings.now(), days * DAY) });
    bookings.add({ clientId: 2 });
    await world.sync(connection);
    const lead = await leadOf(connection, 1);
    const { body } = await world.api<LeadDetail>('GET', `/api/leads/${lead?.id}`);
    expect(body.bookings.total).toBe(14);
    expect(body.bookings.upcoming).toHaveLength(10);
    expect(body.bookings.upcoming[0]).toEqual({
      id: expect.any(String),
      status: 'confirmed',
      startAt: expect.stringMatching(/Z$/),
      endAt: expect.stringMatching(/Z$/),
      service: 'Full session',
      provider: 'Anna Berg',
    });
    const starts = body.bookings.upcoming.map(({ startAt }) => startAt);
    expect(starts).toEqual(starts.toSorted());
  });
});

describe('the list of bookings', () => {
  let connection: Connection;
  let all: Booking[];
  beforeAll(async () => {
    const connected = await world.connected({ clients: 9, bookings: 90 });
    connection = connected.connection;
    const start = '2031-05-05 10:00:00';
    for (let times = 0; times < 5; times += 1) connected.company.bookings.add({ start, clientId: 1 });
    connected.company.bookings.add({ start: '2031-05-05 12:00:00', status: 'pending' });
    await world.sync(connection);
    all = await bookingsOf(connection);
  });
  const idsAt = async (query: string): Promise<string[]> =>
    (await world.all<Booking>(`/api/bookings?connectionId=${connection.id}${query}`)).map(({ id }) => id);

  it('comes page by page, the latest start first, each once', async () => {
    const starts = all.map(({ startAt }) => startAt ?? '');
    expect(starts).toEqual(starts.toSorted().toReversed());
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const path: string = `/api/bookings?connectionId=${connection.id}&limit=7${next}`;
      const { body }: { body: Page<Booking> } = await world.api<Page<Booking>>('GET', path);
      seen.push(...body.data.map(({ id }) => id));
      cursor = body.page.nextCursor;
    }
    expect(seen).toEqual(all.map(({ id }) => id));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('can be of a span of time, the beginning included and the end not', async () => {
    const at = '2031-05-05T08:00:00Z';
    expect(await idsAt(`&from=${at}`)).toHaveLength(6);
    expect(await idsAt(`&from=${at}&to=2031-05-05T10:00:00Z`)).toHaveLength(5);
    expect(await idsAt('&from=2031-05-05T08:00:01Z')).toHaveLength(1);
    expect(await idsAt(`&to=${at}`)).toHaveLength(all.length - 6);
  });

  it('can be of a status, of a lead, and of both', async () => {
    expect(await idsAt('&status=pending')).toHaveLength(1);
    const lead = await leadOf(connection, 1);
    const its = all.filter(({ leadId }) => leadId === lead?.id);
    expect(its.length).toBeGreaterThanOrEqual(5);
    expect(await idsAt(`&leadId=${lead?.id}`)).toEqual(its.map(({ id }) => id));
    expect(await idsAt(`&leadId=${lead?.id}&status=pending`)).toEqual([]);
    expect(await idsAt(`&leadId=${randomUUID()}`)).toEqual([]);
  });

  it.each([
    ['status=cancelled', '?status'],
    ['from=yesterday', '?from'],
    ['to=2026-02-30T00:00:00Z', '?to'],
    ['leadId=1', '?leadId'],
    ['connectionId=x', '?connectionId'],
    ['client=1', '?client'],
    ['cursor=AAAA', '?cursor'],
    ['limit=0', '?limit'],
  ])('refuses %s', async (query, pointer) => {
    const { status, body } = await world.api<{ errors: { pointer: string }[] }>(
      'GET',
      `/api/bookings?${query}`,
    );
    expect([status, body.errors.map((one) => one.pointer)]).toEqual([400, [pointer]]);
  });

  it('has no booking that nobody knows', async () => {
    const { status, code } = await world.api('GET', `/api/bookings/${randomUUID()}`);
    expect([status, code]).toEqual([404, 'booking-not-found']);
  });
});

describe('bookings that cannot be read', () => {
  const synced = async ({ id }: Connection): Promise<FailedSync> => {
    const { status, body } = await world.api<FailedSync>('POST', `/api/connections/${id}/sync`);
    expect(status).toBe(502);
    return body;
  };

  it('because the account offers none are no error: the run succeeds, with a warning', async () => {
    const { connection } = await world.connected({ clients: 4, switches: { bookingsRoute: 'missing' } });
    const { status, stats, warnings, runId } = await world.sync(connection);
    expect([status, stats.leads_created, stats.bookings_found]).toEqual(['succeeded', 4, 0]);
    expect(warnings).toEqual([
      { code: 'bookings-not-offered', detail: expect.stringContaining('offers no bookings') },
    ]);
    expect((await world.api<Run>('GET', `/api/runs/${runId}`)).body.warnings).toEqual(warnings);
  });

  it('because the user may not see them make a run with errors, and say which right is missing', async () => {
    const { connection } = await world.connected({ clients: 4, switches: { bookingsRoute: 'forbidden' } });
    const { status, stats, warnings } = await world.sync(connection);
    expect([status, stats.leads_created, stats.errors_count]).toEqual(['succeeded-with-errors', 4, 0]);
    expect(warnings).toMatchObject([
      { code: 'bookings-forbidden', detail: expect.stringContaining('a role that may see all bookings') },
    ]);
    const { body } = await world.api<Connection>('GET', `/api/connections/${connection.id}`);
    expect([body.status, body.attention]).toEqual(['connected', null]);
  });

  it('because the CRM fails end the run as failed: leads stay, the next run brings the rest', async () => {
    const { company, connection } = await world.connected({ clients: 4, bookings: 150 });
    const troubles = [{ kind: 'status' as const, value: 500, on: 'bookings' as const, after: 1 }];
    company.faults.set({ troubles });
    const { type, error, runId } = await synced(connection);
    expect(type).toMatch(/crm-unreachable$/);
    expect(error).toMatch(/^Failed to fetch bookings from SimplyBook\.me\. .*status 500/);
    const { body: run } = await world.api<Run>('GET', `/api/runs/${runId}`);
    expect(run).toMatchObject({
      status: 'failed',
      error: { code: 'crm-unreachable', phase: 'bookings' },
      counts: { fetched: 4, created: 4 },
    });
    expect(await leadOf(connection, 4)).toBeDefined();
    company.faults.reset();
    const { status, stats } = await world.sync(connection);
    expect([status, stats.bookings_found]).toEqual(['succeeded', wantedIn(company).length]);
    expect(await bookingsOf(connection)).toHaveLength(wantedIn(company).length);
  });

  it.each([
    ['are gone at once', { empty: true, faultyList: 'bookings' as const }],
    ['are no longer offered', { bookingsRoute: 'missing' as const }],
  ])('because they all %s are suspicious: everything stays', async (_, switches) => {
    const { company, connection } = await world.connected({ clients: 4, bookings: 30 });
    await world.sync(connection);
    const before = await bookingsOf(connection);
    company.faults.set(switches);
    const { status, message } = await world.sync(connection);
    expect([status, message]).toEqual([
      'suspicious',
      expect.stringContaining('listed no bookings, although'),
    ]);
    expect(await bookingsOf(connection)).toEqual(before);
  });

  it('because the list was not whole are suspicious', async () => {
    const { company, connection } = await world.connected({ clients: 4, bookings: 250 });
    company.faults.set({ itemsCount: 'more', faultyList: 'bookings' });
    const { status, message, stats } = await world.sync(connection);
    expect([status, message]).toEqual([
      'suspicious',
      expect.stringMatching(/says there are \d+ bookings, but/),
    ]);
    expect(stats.bookings_created).toBe(wantedIn(company).length);
  });

  it('in a zone that nobody has told are read in UTC, with a warning, until somebody does', async () => {
    const { company, connection } = await world.connected({ switches: { companyTimezone: '' } });
    company.bookings.add({ start: '2030-12-01 10:00:00' });
    const { status, warnings } = await world.sync(connection);
    expect([status, warnings.map(({ code }) => code)]).toEqual(['succeeded', ['timezone-unknown']]);
    expect(await bookingsOf(connection)).toMatchObject([
      { startAt: '2030-12-01T10:00:00.000000Z', timezone: 'UTC' },
    ]);
    company.faults.set({ companyTimezone: 'America/New_York' });
    const events = await facts(() => world.sync(connection));
    expect(events.map(({ data }) => data['changed'])).toEqual([
      ['startAt', 'endAt', 'timezone', 'recordedAt'],
    ]);
    expect(await bookingsOf(connection)).toMatchObject([
      { startAt: '2030-12-01T15:00:00.000000Z', startLocal: '2030-12-01 10:00:00' },
    ]);
  });

  it('in the zone that the connection was given are read in that', async () => {
    const company = await world.companies.open();
    company.bookings.add({ start: '2030-12-01 10:00:00' });
    const connection = await world.connect(company, { timezone: 'Asia/Kathmandu' });
    await world.sync(connection);
    expect(await bookingsOf(connection)).toMatchObject([{ startAt: '2030-12-01T04:15:00.000000Z' }]);
  });
});

describe('the bookings of two leads that are one person', () => {
  it('are those of the lead they were merged into, at once, and go back when it is split', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    for (const clientId of [1, 2]) company.bookings.add({ clientId });
    await world.sync(connection);
    const [kept, merged] = (await world.all<Lead>(`/api/leads?source=${connection.id}`)).map(({ id }) => id);
    const totalOf = async (id: string | undefined): Promise<number> => {
      const { total } = (await world.api<LeadDetail>('GET', `/api/leads/${id}`)).body.bookings;
      expect((await world.all<Booking>(`/api/bookings?leadId=${id}`)).length).toBe(total);
      return total;
    };
    expect([await totalOf(kept), await totalOf(merged)]).toEqual([1, 1]);
    await world.api('POST', `/api/leads/${kept}/merge`, { leadId: merged });
    expect(await totalOf(kept)).toBe(2);
    await world.sync(connection);
    expect(await totalOf(kept)).toBe(2);
    expect(await facts(() => world.sync(connection))).toEqual([]);
    await world.api('POST', `/api/leads/${kept}/split`, { leadId: merged });
    expect([await totalOf(kept), await totalOf(merged)]).toEqual([1, 1]);
  });
});

describe('bookings from before the window, of which JSON-RPC tells when they change', () => {
  it('are brought up to date where they are known, and not taken where they are not', async () => {
    const { company, connection } = await world.connected({ clients: 1, switches: { onPageCap: 3 } });
    const day = (count: number): string =>
      `${moved(company.bookings.now(), count * DAY).slice(0, 10)} 10:00:00`;
    const book = (days: number) =>
      company.bookings.add({ start: day(days), end: day(days), recorded: day(-50) });
    const { id } = book(-29);
    for (let count = 0; count < 4; count += 1) book(-60);
    await world.sync(connection);
    expect(await facts(() => world.sync(connection))).toEqual([]);
    company.bookings.change(id, { start: day(-61), end: day(-61) });
    const events = await facts(() => world.sync(connection));
    expect(events.map(({ type, data }) => [type, data['change'], data['externalId']])).toEqual([
      ['BookingUpserted', 'updated', String(id)],
    ]);
    expect(await bookingsOf(connection)).toMatchObject([{ startLocal: day(-61) }]);
  });
});

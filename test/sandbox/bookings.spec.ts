import { describe, expect, it } from '@jest/globals';
import { ODDITY_COUNT } from '../../sandbox/appointments.ts';
import { lastSunday, moved } from '../../sandbox/company-time.ts';
import { listed, parsed, visit, type Row, type Visitor } from './visitor.ts';

const DAY = 86_400_000;
/** It is 16:30 at the company. */
const NOW = '2026-11-22T15:30:00Z';
const at = { now: NOW };

const listOf = async ({ askInside }: Visitor, query = ''): Promise<{ data: Row[]; metadata: Row }> =>
  listed(await askInside('GET', `/admin/bookings${query}`));

const idsOf = async (visitor: Visitor, query = ''): Promise<unknown[]> =>
  (await listOf(visitor, `?on_page=100&${query}`)).data.map(({ id }) => id);

describe('the bookings', () => {
  it('are none unless they are asked for', async () => {
    const visitor = await visit();
    expect(await listOf(visitor)).toEqual({
      data: [],
      metadata: { items_count: 0, pages_count: 0, page: 1, on_page: 10 },
    });
  });

  it('are the same for the same seed and time, and others for another', async () => {
    const all = async (seed: number) =>
      (await visit({ bookings: 60, seed, switches: at })).sandbox.bookings.all();
    expect(await all(1)).toEqual(await all(1));
    expect(await all(2)).not.toEqual(await all(1));
  });

  it('are of long ago, of the last weeks and to come, and numbered in the order they were made', async () => {
    const { sandbox } = await visit({ bookings: 300, switches: at });
    const all = sandbox.bookings.all();
    const today = '2026-11-22 16:30:00';
    expect(sandbox.bookings.now()).toBe(today);
    const monthAgo = moved(today, -30 * DAY);
    expect(all.filter(({ start }) => start < monthAgo)).toHaveLength(100);
    expect(all.filter(({ start }) => start > today)).toHaveLength(100);
    expect(all.filter(({ recorded }) => recorded > today)).toEqual([]);
    expect(all.map(({ recorded }) => recorded)).toEqual(all.map(({ recorded }) => recorded).toSorted());
  });

  it('come by ten, in the order of ids, with all that belongs to them', async () => {
    const visitor = await visit({ clients: 3, bookings: 25, switches: at });
    const { data, metadata } = await listOf(visitor);
    expect(metadata).toEqual({ items_count: 25, pages_count: 3, page: 1, on_page: 10 });
    expect(data.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, index) => 4001 + index));
    expect(data[0]).toMatchObject({
      status: expect.stringMatching(/^(confirmed|canceled)$/),
      code: expect.stringMatching(/^[a-z0-9]{7,8}$/),
      start_datetime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      client: { id: data[0]?.['client_id'], is_deleted: null, email_promo_subscribed: false },
      service: { id: data[0]?.['service_id'], name: expect.any(String) },
      provider: { id: data[0]?.['provider_id'], services: expect.arrayContaining(['6']) },
      client_time_offset: 0,
    });
  });

  it('hold every oddity once when they are not clean', async () => {
    const visitor = await visit({ clients: 9, bookings: 100, clean: false, switches: at });
    const odd = (await listOf(visitor, '?on_page=100')).data.slice(-ODDITY_COUNT);
    const starts = odd.map((row) => row['start_datetime']);
    expect(odd[0]).toMatchObject({ client_id: null, client: null });
    expect(odd[1]).toMatchObject({ client_id: 999_999, client: null });
    expect(odd[2]).toMatchObject({ client: { is_deleted: '1' } });
    expect(odd[7]).toMatchObject({ service_id: 99, service: null });
    expect(JSON.stringify(odd[6]?.['service'])).toContain('<script>');
    expect(starts).toEqual(
      expect.arrayContaining([
        '0000-00-00 00:00:00',
        '2027-02-30 10:00:00',
        `${lastSunday('2026', 3)} 02:30:00`,
        '2027-10-31 02:30:00',
        '9999-12-31 10:00:00',
      ]),
    );
    expect(lastSunday('2026', 3)).toBe('2027-03-28');
    expect(odd.map(({ status }) => status)).toEqual(
      expect.arrayContaining(['canceled', 'pending', 'confirmed_pending', 'rescheduled']),
    );
  });
});

describe('a filter', () => {
  it('wants its prefix: without it nothing is filtered, however wrong it is', async () => {
    const visitor = await visit({ bookings: 90, switches: at });
    expect(await idsOf(visitor, 'date_from=2026-11-22')).toHaveLength(90);
    expect(await idsOf(visitor, 'date_from=yesterday&status=canceled')).toHaveLength(90);
    expect(await idsOf(visitor, 'filter[date_from]=2026-11-23')).toHaveLength(30);
    expect(await idsOf(visitor, 'filter%5Bdate_from%5D=2026-11-23')).toHaveLength(30);
  });

  it('can be of days, of what is to come, of a status, a client, a service, a provider and a text', async () => {
    const visitor = await visit({ clients: 5, switches: at });
    const { bookings } = visitor.sandbox;
    const one = bookings.add({ start: '2026-12-01 10:00:00', clientId: 1, serviceId: 6 });
    const two = bookings.add({ start: '2026-12-02 10:00:00', clientId: 2, serviceId: 7, status: 'pending' });
    const three = bookings.add({ start: '2026-11-01 10:00:00', clientId: 2, serviceId: 8, providerId: 3 });
    const cases: [string, number[]][] = [
      ['filter[date]=2026-12-01', [one.id]],
      ['filter[date_from]=2026-11-02&filter[date_to]=2026-12-01', [one.id]],
      ['filter[upcoming_only]=1', [one.id, two.id]],
      ['filter[upcoming_only]=0', [one.id, two.id, three.id]],
      ['filter[status]=pending', [two.id]],
      ['filter[client_id]=2', [two.id, three.id]],
      ['filter[services][]=6&filter[services][]=8', [one.id, three.id]],
      ['filter[providers][0]=3', [three.id]],
      [`filter[search]=${two.code}`, [two.id]],
    ];
    for (const [query, ids] of cases) expect([query, await idsOf(visitor, query)]).toEqual([query, ids]);
  });
});

describe('one booking', () => {
  it('comes bare, with its log, and is canceled but not gone by DELETE', async () => {
    const visitor = await visit({ bookings: 3, switches: at });
    const one = parsed(await visitor.askInside('GET', '/admin/bookings/4001'));
    expect(one).toMatchObject({ id: 4001, log: [{ type: 'create' }], additional_fields: [], comment: null });
    const canceled = parsed(await visitor.askInside('DELETE', '/admin/bookings/4001'));
    expect(canceled).toMatchObject({
      id: 4001,
      status: 'canceled',
      is_confirmed: false,
      can_be_edited: false,
    });
    expect((await visitor.askInside('GET', '/admin/bookings/9')).status).toBe(404);
  });

  it('has a service and a provider that are listed too', async () => {
    const visitor = await visit();
    const services = listed(await visitor.askInside('GET', '/admin/services'));
    const providers = listed(await visitor.askInside('GET', '/admin/providers'));
    expect([services.metadata['items_count'], providers.metadata['items_count']]).toEqual([3, 2]);
    expect(services.data[0]).toMatchObject({ id: 6, providers: [2, 3] });
    expect(parsed(await visitor.askInside('GET', '/admin/services/8'))).toMatchObject({
      name: 'Yoga & Breath',
    });
    expect(parsed(await visitor.askInside('GET', '/admin/providers/2'))).toMatchObject({ name: 'Anna Berg' });
    expect((await visitor.askInside('GET', '/admin/services/5')).status).toBe(404);
  });

  it('can be added, changed, canceled and removed from outside', async () => {
    const { ask, sandbox } = await visit({ switches: at });
    const added = parsed(await ask('POST', '/_sandbox/bookings', { body: { clientId: 2 } }));
    expect(added).toMatchObject({
      id: 4001,
      start: '2026-11-23 16:30:00',
      end: '2026-11-23 17:30:00',
      clientId: 2,
    });
    sandbox.faults.set({ now: '2026-11-24T09:00:00Z' });
    await ask('PATCH', '/_sandbox/bookings/4001', { body: { start: '2026-12-01 10:00:00' } });
    expect(sandbox.bookings.get(4001)).toMatchObject({
      start: '2026-12-01 10:00:00',
      recorded: '2026-11-22 16:30:00',
      edited: '2026-11-24 10:00:00',
    });
    expect(parsed(await ask('POST', '/_sandbox/bookings/4001/cancel'))['status']).toBe('canceled');
    expect((await ask('PATCH', '/_sandbox/bookings/4001', { body: { colour: 'red' } })).status).toBe(400);
    await ask('DELETE', '/_sandbox/bookings/4001');
    expect((await ask('GET', '/_sandbox/bookings/4001')).status).toBe(404);
    await ask('POST', '/_sandbox/booking-rows', { body: null });
    expect(parsed(await ask('GET', '/_sandbox/bookings'))).toEqual({ bookings: [] });
  });
});

describe('the switches for bookings', () => {
  it('close the list, or play its tricks on it and not on the clients', async () => {
    const visitor = await visit({ clients: 30, bookings: 30 });
    const { faults } = visitor.sandbox;
    faults.set({ bookingsRoute: 'missing' });
    expect((await visitor.askInside('GET', '/admin/bookings')).status).toBe(404);
    faults.set({ bookingsRoute: 'forbidden' });
    expect((await visitor.askInside('GET', '/admin/bookings')).status).toBe(403);
    faults.set({ bookingsRoute: 'there', itemsCount: 'more' });
    const counts = async () =>
      Promise.all(
        ['bookings', 'clients'].map(
          async (list) => listed(await visitor.askInside('GET', `/admin/${list}`)).metadata['items_count'],
        ),
      );
    expect(await counts()).toEqual([30, 37]);
    faults.set({ faultyList: 'bookings' });
    expect(await counts()).toEqual([37, 30]);
    faults.set({ faultyList: 'both' });
    expect(await counts()).toEqual([37, 37]);
    faults.reset();
    faults.set({ faultyList: 'bookings', bareArray: true });
    expect(JSON.parse((await visitor.askInside('GET', '/admin/bookings')).text)).toHaveLength(10);
  });

  it('leave out names, and the zone of the company', async () => {
    const visitor = await visit({ bookings: 1, switches: { nested: false, companyTimezone: '' } });
    const [row] = (await listOf(visitor)).data;
    expect([row?.['service'], row?.['provider'], row?.['service_id']]).toEqual([
      undefined,
      undefined,
      expect.any(Number),
    ]);
    expect(parsed(await visitor.askInside('GET', '/admin/company/info'))['timezone']).toBeUndefined();
  });
});

import { describe, expect, it } from '@jest/globals';
import { UNUSABLE_ODDITIES } from '../../sandbox/appointments.ts';
import { lastSunday, moved } from '../../sandbox/company-time.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { meet, meetBoth, refusalOf, sorted, type Meeting } from './simplybook.ts';

const DAY = 86_400_000;
const days = (count: number): number => count * DAY;

/** The ids of all bookings that a sync wants, told by the texts alone. */
const wantedIn = ({ bookings }: Sandbox): string[] => {
  const since = moved(bookings.now(), -days(30)).slice(0, 10);
  return bookings
    .all()
    .filter(({ start, recorded }) => start.slice(0, 10) >= since || recorded.slice(0, 10) >= since)
    .map(({ id }) => String(id));
};

const asked = ({ sandbox }: Meeting): number => sandbox.requests.summary().byRoute.bookings ?? 0;

describe('the bookings of a company', () => {
  it('are those that start in the last 30 days or later, or were made in them: each once, the whole list proven', async () => {
    const meeting = await meet({ clients: 50, bookings: 1000 });
    const { ids, unusable, end, warnings } = await meeting.listBookings();
    expect(sorted(ids)).toEqual(wantedIn(meeting.sandbox));
    expect(ids.length).toBeGreaterThan(600);
    expect(ids.length).toBeLessThan(800);
    expect({ unusable, end, warnings }).toEqual({ unusable: [], end: { complete: true }, warnings: [] });
  });

  it('are all in one answer where there are few of them', async () => {
    const meeting = await meet({ clients: 50, bookings: 100 });
    const { ids, end } = await meeting.listBookings();
    expect(sorted(ids)).toEqual(wantedIn(meeting.sandbox));
    expect([end, asked(meeting)]).toEqual([{ complete: true }, 1]);
  });

  it('cost a few requests also where years of them are listed', async () => {
    const meeting = await meet({ clients: 5, bookings: 1500 });
    const { bookings } = meeting.sandbox;
    const past = moved(bookings.now(), -days(200));
    for (const { id } of bookings.all()) bookings.change(id, { start: past, end: past, recorded: past });
    const lately = bookings.add({ start: past, end: past, recorded: moved(bookings.now(), -DAY) });
    const soon = bookings.add({ recorded: past });
    const { ids, end } = await meeting.listBookings();
    expect([sorted(ids), end]).toEqual([[String(lately.id), String(soon.id)], { complete: true }]);
    expect(asked(meeting)).toBe(4);
  });

  it('are none, and that is proven by one answer', async () => {
    const meeting = await meet({ clients: 1 });
    const { ids, end, warnings } = await meeting.listBookings();
    expect({ ids, end, warnings }).toEqual({ ids: [], end: { complete: true }, warnings: [] });
    expect(meeting.sandbox.requests.summary().byRoute).toEqual({ login: 1, bookings: 1 });
  });

  it('hold one that was made yesterday for a day of last year, however long the list is', async () => {
    const meeting = await meet({ clients: 5, bookings: 450 });
    const { bookings } = meeting.sandbox;
    const now = bookings.now();
    const late = bookings.add({ start: moved(now, -days(300)), recorded: moved(now, -DAY) });
    const { ids } = await meeting.listBookings();
    expect(ids).toContain(String(late.id));
    expect(sorted(ids)).toEqual(wantedIn(meeting.sandbox));
  });

  it('come with everything that is known of them, and nothing of their client but the id', async () => {
    const { listBookings, sandbox } = await meet({ clients: 1 });
    const { code } = sandbox.bookings.add({
      start: '2030-12-01 10:00:00',
      end: '2030-12-01 11:30:00',
      recorded: '2026-06-20 16:31:07',
      clientId: 1,
      serviceId: 8,
      providerId: 3,
      status: 'confirmed_pending',
    });
    expect((await listBookings()).bookings).toEqual([
      {
        externalId: '4001',
        clientId: '1',
        status: 'confirmed_pending',
        code,
        startAt: '2030-12-01T09:00:00.000Z',
        endAt: '2030-12-01T10:30:00.000Z',
        startLocal: '2030-12-01 10:00:00',
        endLocal: '2030-12-01 11:30:00',
        recordedAt: '2026-06-20T14:31:07.000Z',
        recordedLocal: '2026-06-20 16:31:07',
        timezone: 'Europe/Berlin',
        serviceId: '8',
        service: 'Yoga & Breath',
        providerId: '3',
        provider: 'Søren Ibrahim',
      },
    ]);
  });

  it('have the names of services and providers also where the rows leave them out, asked for once', async () => {
    const { listBookings, sandbox } = await meet({ clients: 5, bookings: 250, switches: { nested: false } });
    sandbox.bookings.add({ serviceId: 99 });
    const { bookings } = await listBookings();
    expect(new Set(bookings.map(({ service, provider }) => `${service} by ${provider}`))).toEqual(
      new Set([
        ...['Full session', 'Short session', 'Yoga & Breath'].flatMap((service) => [
          `${service} by Anna Berg`,
          `${service} by Søren Ibrahim`,
        ]),
        'null by Anna Berg',
      ]),
    );
    expect(sandbox.requests.summary().byRoute).toMatchObject({ services: 1, providers: 1 });
  });

  it.each(['text', 'float', 'padded', 'big'] as const)(
    'have ids as texts also when they come as %s',
    async (ids) => {
      const { listBookings, sandbox } = await meet({ clients: 5, bookings: 250, switches: { ids } });
      const first = ids === 'big' ? String(9_007_199_254_740_992n + 4001n) : '4001';
      const tomorrow = moved(sandbox.bookings.now(), DAY);
      sandbox.bookings.change(4001, { start: tomorrow, end: tomorrow });
      const { ids: found, bookings, end } = await listBookings();
      expect(found).toContain(first);
      expect(new Set(found).size).toBe(found.length);
      expect([end, bookings.every(({ clientId }) => /^[1-9]\d*$/.test(clientId ?? ''))]).toEqual([
        { complete: true },
        true,
      ]);
    },
  );
});

describe('odd bookings', () => {
  it('are taken or put aside, each for its own reason, and never stop the list', async () => {
    const meeting = await meet({ clients: 20, bookings: 320, clean: false });
    const { ids, unusable, end, warnings } = await meeting.listBookings();
    expect({ end, warnings }).toEqual({ end: { complete: true }, warnings: [] });
    expect(sorted([...ids, ...unusable.map(({ externalId }) => String(externalId))])).toEqual(
      wantedIn(meeting.sandbox),
    );
    const year = Number(meeting.sandbox.bookings.now().slice(0, 4)) + 1;
    const gap = lastSunday(meeting.sandbox.bookings.now(), 3);
    expect(unusable).toHaveLength(UNUSABLE_ODDITIES);
    expect(unusable.map(({ code, detail }) => [code, detail])).toEqual([
      [
        'booking.time.impossible',
        `Booking 4315 starts at ${gap} 02:30:00, a time that clocks in Europe/Berlin never show.`,
      ],
      [
        'booking.time.impossible',
        'Booking 4316 starts at 0000-00-00 00:00:00, a time that clocks in Europe/Berlin never show.',
      ],
      [
        'booking.time.impossible',
        `Booking 4317 starts at ${year}-02-30 10:00:00, a time that clocks in Europe/Berlin never show.`,
      ],
      [
        'booking.time.impossible',
        'Booking 4318 starts at 9999-12-31 10:00:00, a time that clocks in Europe/Berlin never show.',
      ],
      [
        'booking.time.impossible',
        expect.stringMatching(/^Booking 4319 ends at .+, before it starts at .+\.$/),
      ],
      ['booking.status.unknown', 'Booking 4320 has a status that is none of those we know.'],
    ]);
  });

  it('have no client, one that nobody knows, or one that is deleted', async () => {
    const { listBookings } = await meet({ clients: 20, bookings: 16, clean: false });
    const { bookings } = await listBookings();
    expect(bookings.slice(0, 4).map(({ clientId }) => clientId)).toEqual([
      null,
      '999999',
      '21',
      expect.any(String),
    ]);
  });

  it('start at the earlier of two instants when clocks show their time twice', async () => {
    const { listBookings, sandbox } = await meet({ clients: 20, bookings: 16, clean: false });
    const day = lastSunday(sandbox.bookings.now(), 10);
    const twice = (await listBookings()).bookings.find(({ startLocal }) => startLocal === `${day} 02:30:00`);
    expect([twice?.startAt, twice?.endAt]).toEqual([`${day}T00:30:00.000Z`, `${day}T02:30:00.000Z`]);
  });

  it.each([
    ['null', 'A booking came as something that is no record.'],
    ['[]', 'A booking came as something that is no record.'],
    ['{"client_id":null}', 'A booking has no readable id.'],
    ['{"id":{"value":7},"client_id":null}', 'A booking has no readable id.'],
    ['{"id":7}', 'Booking 7 does not say whose it is.'],
    ['{"id":7,"client_id":{"id":1}}', 'Booking 7 does not say whose it is.'],
    ['{"id":7,"client_id":null}', 'Booking 7 came without the field status.'],
    [
      '{"id":7,"client_id":null,"status":"confirmed","start_datetime":["2030-01-01"],"end_datetime":""}',
      'Booking 7 has something else than a text in the field start_datetime.',
    ],
    ['{"id":7,"client_id":[],"client":null,"status":"confirmed"}', 'Booking 7 does not say whose it is.'],
    [
      '{"id":7,"client":null,"status":"confirmed","start_datetime":"2030-01-01 10:00:00","end_datetime":"2030-01-01 11:00:00","service":{"id":1,"name":"Half \\ud83d"}}',
      'Booking 7 has a control character or half a character in one of its texts.',
    ],
  ])('that are %s are put aside as unreadable', async (row, detail) => {
    const { listBookings, sandbox } = await meet({ clients: 1 });
    sandbox.bookings.addRow(row);
    const { unusable, bookings, end } = await listBookings();
    expect(bookings).toEqual([]);
    expect(unusable).toMatchObject([{ code: 'record.unreadable', detail }]);
    expect(end).toEqual({ complete: true });
  });

  it('may leave out what nobody needs, and say empty maps and cancelled in PHP', async () => {
    const { listBookings, sandbox } = await meet({ clients: 1 });
    sandbox.bookings.addRow(
      '{"id":"007","client":{"id":"12"},"status":"cancelled","start_datetime":"2030-01-01 10:00:00","end_datetime":"2030-01-01 10:00:00","service":[],"provider":[],"new":{"field":1}}',
    );
    expect((await listBookings()).bookings).toMatchObject([
      { externalId: '7', clientId: '12', status: 'canceled', code: null, service: null, recordedAt: null },
    ]);
  });

  it('that wait keep nothing of their client but the id', async () => {
    const { listBookings, sandbox } = await meet({ clients: 3, clean: true });
    sandbox.bookings.add({ clientId: 2, status: 'rescheduled' });
    const [waiting] = (await listBookings()).unusable;
    expect(waiting).toMatchObject({
      clientId: '2',
      record: { client_id: 2, client: { id: 2 }, status: 'rescheduled' },
    });
    expect(JSON.stringify(waiting)).not.toContain('@');
  });
});

describe('a list of bookings that is not what it should be', () => {
  const faulty = { faultyList: 'bookings' } as const;

  it.each([
    ['is a bare array', { bareArray: true }],
    ['has no metadata', { metadata: 'absent' }],
    ['has an empty list as metadata', { metadata: 'list' }],
    ['always has ten to a page', { onPageFixed: 10 }],
    ['has at most seven to a page', { onPageCap: 7 }],
    ['echoes the wish in place of the truth', { onPageCap: 50, onPageEcho: 'asked' }],
    ['counts no pages', { pagesCount: 'zero' }],
    ['counts a thousand million pages', { pagesCount: 'huge' }],
    ['counts ever more pages', { pagesCount: 'grows' }],
    ['does not count pages', { pagesCount: 'absent' }],
    ['counts in texts', { itemsCount: 'text', pagesCount: 'text' }],
    ['does not count bookings', { itemsCount: 'absent' }],
    ['counts neither', { itemsCount: 'null', pagesCount: 'null' }],
    ['gives its last page for ever', { endless: 'repeat' }],
  ] as const)('and %s is read to its end all the same', async (_, switches) => {
    const meeting = await meet({ clients: 9, bookings: 230, switches: { ...faulty, ...switches } });
    const { ids, end, warnings } = await meeting.listBookings();
    expect([sorted(ids), end, warnings]).toEqual([wantedIn(meeting.sandbox), { complete: true }, []]);
    expect(asked(meeting)).toBeLessThan(80);
  });

  it.each([
    ['counts more than it lists', { itemsCount: 'more' }],
    ['counts fewer than it lists', { itemsCount: 'fewer' }],
  ] as const)('and %s is said to be incomplete, or read whole', async (_, switches) => {
    const meeting = await meet({ clients: 9, bookings: 230, switches: { ...faulty, ...switches } });
    const { ids, end } = await meeting.listBookings();
    expect(end?.complete === false || sorted(ids).join() === wantedIn(meeting.sandbox).join()).toBe(true);
    expect(ids.length).toBeGreaterThan(100);
  });

  it('and comes in another order each time is read, with a warning', async () => {
    const switches = { ...faulty, order: 'shuffle' } as const;
    const meeting = await meet({ clients: 9, bookings: 230, switches });
    const { warnings, end } = await meeting.listBookings();
    expect(warnings.map(({ code }) => code)).toEqual(['bookings-order-unknown']);
    expect(end?.complete).toBeDefined();
  });

  it('and repeats a page is read whole, with a warning, for what it shows at its end cannot be told', async () => {
    const meeting = await meet({ clients: 9, bookings: 230, switches: { ...faulty, repeatPage: 2 } });
    const { ids, end, warnings } = await meeting.listBookings();
    expect([sorted(ids), end]).toEqual([wantedIn(meeting.sandbox), { complete: true }]);
    expect(warnings.map(({ code }) => code)).toEqual(['bookings-order-unknown']);
  });

  it.each(['insert', 'delete', 'mixed'] as const)(
    'and moves while it is read (%s) is read to its end all the same',
    async (drift) => {
      const switches = { ...faulty, drift, onPageCap: 20 };
      const meeting = await meet({ clients: 9, bookings: 230, switches });
      const { ids, end, warnings } = await meeting.listBookings();
      expect([end, warnings]).toEqual([{ complete: true }, []]);
      // What came while the end of the list had been read already, the next sync reads.
      expect(wantedIn(meeting.sandbox).filter((id) => Number(id) <= 4230 && !ids.includes(id))).toEqual([]);
      expect(meeting.sandbox.faults.struck['drift']).toBe(3);
    },
  );

  it('and never ends is an error, not a stop', async () => {
    const switches = { ...faulty, endless: 'new', itemsCount: 'absent' } as const;
    const { listBookings } = await meet({ clients: 9, bookings: 230, switches }, { maxPages: 30 });
    const refusal = await refusalOf(listBookings());
    expect([refusal.code, refusal.message]).toEqual([
      'crm-answer-unusable',
      expect.stringContaining('its list of bookings had no end after 30 pages'),
    ]);
  });

  it.each([500, 503])('and fails with %i for good is an outage', async (value) => {
    const troubles = [{ kind: 'status' as const, value, on: 'bookings' as const, after: 1 }];
    const { listBookings } = await meet({ clients: 9, bookings: 230, switches: { troubles } });
    expect((await refusalOf(listBookings())).code).toBe('crm-unreachable');
  });

  it.each(['truncate', 'reset', 'cut', 'html', 'rate-limit', 'lost'] as const)(
    'and meets %s once is asked again',
    async (kind) => {
      const troubles = [{ kind, on: 'bookings' as const, after: 1, times: 1 }];
      const meeting = await meet({ clients: 9, bookings: 230, switches: { troubles } });
      const { ids, end } = await meeting.listBookings();
      expect([sorted(ids), end]).toEqual([wantedIn(meeting.sandbox), { complete: true }]);
    },
  );
});

describe('an account without bookings to read', () => {
  it('is none that asks for fewer requests with a 403', async () => {
    const troubles = [{ kind: 'too-many' as const, on: 'bookings' as const, times: 1 }];
    const meeting = await meet({ clients: 9, bookings: 30, switches: { troubles } });
    const { ids, warnings } = await meeting.listBookings();
    expect([sorted(ids), warnings]).toEqual([wantedIn(meeting.sandbox), []]);
  });

  it.each([
    ['missing', 'bookings-not-offered'],
    ['forbidden', 'bookings-forbidden'],
  ] as const)('where they are %s ends with a warning after one request', async (bookingsRoute, code) => {
    const meeting = await meet({ clients: 9, bookings: 30, switches: { bookingsRoute } });
    const { ids, end, warnings } = await meeting.listBookings();
    expect({ ids, end }).toEqual({ ids: [], end: { complete: true } });
    expect(warnings.map((warning) => warning.code)).toEqual([code]);
    expect(asked(meeting)).toBe(1);
  });
});

describe('by JSON-RPC, where REST has no bookings', () => {
  const byRpc = { bookingsRoute: 'rest-missing' } as const;

  it('the same ones are read, with the same in them', async () => {
    const meeting = await meetBoth({ clients: 20, bookings: 320, clean: false });
    const rest = await meeting.listBookings();
    meeting.sandbox.faults.set(byRpc);
    const rpc = await meeting.listBookings();
    const byId = ({ bookings }: typeof rest) =>
      bookings.toSorted((one, other) => Number(one.externalId) - Number(other.externalId));
    expect(byId(rpc)).toEqual(byId(rest));
    const why = ({ unusable }: typeof rest) =>
      unusable.map(({ externalId, code }) => `${externalId} ${code}`).toSorted();
    expect(why(rpc)).toEqual(why(rest));
    expect([rpc.end, rpc.warnings]).toEqual([{ complete: true }, []]);
    expect(JSON.stringify(rpc.unusable)).not.toContain('@');
  });

  it('they are read where there is no REST at all', async () => {
    const meeting = await meetBoth({ clients: 5, bookings: 60, switches: { restMissing: true } });
    await meeting.list();
    const { ids, end, warnings } = await meeting.listBookings();
    expect([sorted(ids), end, warnings]).toEqual([wantedIn(meeting.sandbox), { complete: true }, []]);
  });

  it.each([100, 150])('they are all read although no answer ever holds more than %i', async (most) => {
    const switches = { ...byRpc, rpcBookingsLimit: most };
    const meeting = await meetBoth({ clients: 9, bookings: 900, switches });
    const { ids, end } = await meeting.listBookings();
    expect([sorted(ids), end]).toEqual([wantedIn(meeting.sandbox), { complete: true }]);
  });

  it('they are said to be incomplete where one day alone has more than an answer holds', async () => {
    const switches = { ...byRpc, rpcBookingsLimit: 50 };
    const { listBookings, sandbox } = await meetBoth({ clients: 1, switches });
    for (let count = 0; count < 60; count += 1) sandbox.bookings.add({ start: '2030-05-05 10:00:00' });
    const { ids, end } = await listBookings();
    expect(ids.length).toBe(50);
    expect(end).toMatchObject({ complete: false, reason: expect.stringContaining('exactly 50 bookings') });
  });

  it.each([
    { rpcBookingsLimit: 10 },
    { rpcBookingsLimit: 7 },
    { rpcBookingsLimit: 17, rpcBookingsOrder: 'newest' },
    { rpcBookingsOrder: 'newest' },
  ] as const)('with %j they are all read, and proven to be all', async (switches) => {
    const meeting = await meetBoth({ clients: 9, bookings: 90, switches: { ...byRpc, ...switches } });
    const { bookings } = meeting.sandbox;
    const past = moved(bookings.now(), -days(200));
    for (let count = 0; count < 25; count += 1) {
      const recorded = moved(bookings.now(), -days(count % 9) - 3_600_000);
      bookings.add({ start: past, end: past, recorded });
    }
    const { ids, end, warnings } = await meeting.listBookings();
    expect([sorted(ids), end, warnings]).toEqual([wantedIn(meeting.sandbox), { complete: true }, []]);
  });

  it.each([7, 20])(
    'they are said to be incomplete or not proven where %i of one time are an answer',
    async (most) => {
      const meeting = await meetBoth({ clients: 1, switches: { ...byRpc, rpcBookingsLimit: most } });
      const { bookings } = meeting.sandbox;
      for (let count = 0; count < 23; count += 1) bookings.add({ start: '2030-05-05 10:00:00' });
      const { ids, end, warnings } = await meeting.listBookings();
      expect(ids).toHaveLength(most);
      expect([end, warnings.map(({ code }) => code)]).toEqual(
        most === 7
          ? [{ complete: true, unproven: true }, ['bookings-count-unknown']]
          : [{ complete: false, reason: expect.stringContaining('exactly 20 bookings that') }, []],
      );
    },
  );

  it('they are said to be incomplete where one day has more than an answer holds, which its other end shows', async () => {
    const meeting = await meetBoth({ clients: 1, switches: { ...byRpc, rpcBookingsLimit: 7 } });
    const { bookings } = meeting.sandbox;
    for (let hour = 10; hour < 22; hour += 1) bookings.add({ start: `2030-05-05 ${hour}:00:00` });
    const { ids, end } = await meeting.listBookings();
    expect(ids).toHaveLength(12);
    expect(end).toEqual({ complete: false, reason: expect.stringContaining('knows of others') });
  });

  it.each([1, 4, 6, 10])('%i of them on one day are believed without a word', async (count) => {
    const meeting = await meetBoth({ clients: 1, switches: byRpc });
    const { bookings } = meeting.sandbox;
    for (let hour = 10; hour < 10 + count; hour += 1) bookings.add({ start: `2030-05-05 ${hour}:00:00` });
    const { ids, end, warnings } = await meeting.listBookings();
    expect([ids.length, end, warnings]).toEqual([count, { complete: true }, []]);
  });

  it('a token that ends between the clients and the bookings is replaced, and does not read as a right that is missing', async () => {
    const meeting = await meetBoth({ clients: 5, bookings: 60, switches: { restMissing: true } });
    await meeting.list();
    meeting.sandbox.auth.expireTokens();
    meeting.sandbox.requests.clear();
    const { ids, end, warnings } = await meeting.listBookings({ timezone: 'Europe/Berlin' });
    expect([sorted(ids), end, warnings]).toEqual([wantedIn(meeting.sandbox), { complete: true }, []]);
    expect(meeting.sandbox.requests.summary().rpcLogins).toEqual({ ok: 1, failed: 0 });
  });

  it('a right that is missing costs no login, each time anew', async () => {
    const switches = { restMissing: true, bookingsRoute: 'forbidden' } as const;
    const meeting = await meetBoth({ clients: 5, bookings: 60, switches });
    await meeting.list();
    meeting.sandbox.requests.clear();
    const { warnings } = await meeting.listBookings();
    expect(warnings.map(({ code }) => code)).toEqual(['bookings-forbidden']);
    const { logins, rpcLogins, byRoute } = meeting.sandbox.requests.summary();
    expect([logins, rpcLogins]).toEqual([
      { ok: 0, failed: 0 },
      { ok: 0, failed: 0 },
    ]);
    expect(byRoute).toMatchObject({ 'rpc-bookings': 2, 'rpc-clients': 1 });
  });

  it.each([
    ['missing', 'bookings-not-offered'],
    ['forbidden', 'bookings-forbidden'],
  ] as const)('where they are %s there too it ends with a warning', async (bookingsRoute, code) => {
    const meeting = await meetBoth({ clients: 2, bookings: 30, switches: { bookingsRoute } });
    const { ids, end, warnings } = await meeting.listBookings();
    expect([ids, end, warnings.map((one) => one.code)]).toEqual([[], { complete: true }, [code]]);
  });

  it('and where JSON-RPC is not there either it ends with a warning', async () => {
    const switches = { bookingsRoute: 'missing', rpcMissing: true } as const;
    const { warnings } = await (await meetBoth({ clients: 2, switches })).listBookings();
    expect(warnings.map(({ code }) => code)).toEqual(['bookings-not-offered']);
  });
});

describe('bookings of long ago that have changed', () => {
  const yesterday = (): Date => new Date(Date.now() - DAY);
  const longAgo = async (switches = {}): Promise<{ meeting: Meeting; id: string }> => {
    const meeting = await meetBoth({ clients: 9, bookings: 450, switches });
    const { bookings } = meeting.sandbox;
    for (const { id, recorded } of bookings.all()) bookings.change(id, { edited: recorded });
    const wanted = new Set(wantedIn(meeting.sandbox));
    const old = bookings.all().find(({ id }) => !wanted.has(String(id)));
    return { meeting, id: String(old?.id) };
  };

  it('since the last sync are read too, by JSON-RPC’s word and as REST has them', async () => {
    const { meeting, id } = await longAgo();
    meeting.sandbox.bookings.cancel(Number(id));
    const { bookings, ids, end } = await meeting.listBookings({ changedSince: yesterday() });
    expect(sorted(ids)).toEqual(sorted([...wantedIn(meeting.sandbox), id]));
    expect([bookings.find(({ externalId }) => externalId === id)?.status, end]).toEqual([
      'canceled',
      { complete: true },
    ]);
    expect(meeting.sandbox.requests.summary().byRoute).toMatchObject({ 'rpc-bookings': 1, booking: 1 });
  });

  it('are not asked for on a first sync', async () => {
    const { meeting } = await longAgo();
    await meeting.listBookings();
    expect(meeting.sandbox.requests.summary().byRoute['rpc-bookings']).toBeUndefined();
  });

  it.each([
    ['is not there', { rpcMissing: true }],
    ['fails', { troubles: [{ kind: 'status' as const, on: 'rpc-bookings' as const }] }],
    ['does not take the token', { restTokenOnRpc: false }],
  ])('are left alone, without a further login, where JSON-RPC %s', async (_, switches) => {
    const { meeting, id } = await longAgo(switches);
    meeting.sandbox.bookings.cancel(Number(id));
    const { ids, end, warnings } = await meeting.listBookings({ changedSince: yesterday() });
    expect([sorted(ids), end, warnings]).toEqual([wantedIn(meeting.sandbox), { complete: true }, []]);
    const { byRoute } = meeting.sandbox.requests.summary();
    expect([byRoute.login, byRoute['rpc-login']]).toEqual([1, undefined]);
  });

  it('are read up to 200, and the others told of', async () => {
    const { meeting } = await longAgo();
    const { bookings } = meeting.sandbox;
    const start = moved(bookings.now(), -days(100));
    for (let count = 0; count < 210; count += 1) bookings.add({ start, recorded: start });
    const last = bookings.add({});
    expect(last.id).toBeGreaterThan(0);
    const { ids, warnings } = await meeting.listBookings({ changedSince: yesterday() });
    expect(ids.length).toBe(wantedIn(meeting.sandbox).length + 200);
    expect(warnings.map(({ code }) => code)).toEqual(['bookings-changed-unread']);
  });
});

describe('the time zone', () => {
  it('is the one the connection was given, before what the company says', async () => {
    const { listBookings, sandbox } = await meet({ clients: 1, bookings: 3 });
    sandbox.bookings.add({ start: '2030-12-01 10:00:00' });
    const { bookings, warnings } = await listBookings({ timezone: 'Asia/Kathmandu' });
    expect(bookings.at(-1)).toMatchObject({
      startAt: '2030-12-01T04:15:00.000Z',
      timezone: 'Asia/Kathmandu',
    });
    expect(warnings).toEqual([]);
    expect(sandbox.requests.summary().byRoute['company-info']).toBeUndefined();
  });

  it.each([
    ['says none', { companyTimezone: '' }],
    ['says one that no clock follows', { companyTimezone: 'Mars/Olympus' }],
    [
      'has no such address',
      { troubles: [{ kind: 'html' as const, value: 404, on: 'company-info' as const }] },
    ],
    [
      'keeps it from this user',
      { troubles: [{ kind: 'status' as const, value: 403, on: 'company-info' as const }] },
    ],
    ['answers a page', { troubles: [{ kind: 'html' as const, on: 'company-info' as const }] }],
  ])('is UTC, with a warning, when the company %s', async (_, switches) => {
    const { listBookings, sandbox } = await meet({ clients: 1, switches });
    sandbox.bookings.add({ start: '2030-12-01 10:00:00' });
    const { bookings, warnings } = await listBookings();
    expect(bookings).toMatchObject([{ startAt: '2030-12-01T10:00:00.000Z', timezone: 'UTC' }]);
    expect(warnings.map(({ code }) => code)).toEqual(['timezone-unknown']);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Switches } from '../../sandbox/faults.ts';
import { WEIRD_KINDS } from '../../sandbox/weird.ts';
import { idsIn, meetBoth, refusalOf, sorted, type Meeting } from './simplybook.ts';

/** A company of which only JSON-RPC is there. */
const byRpc = (switches: Partial<Switches> = {}, clients = 120): Promise<Meeting> =>
  meetBoth({ clients, switches: { restMissing: true, ...switches } });

const asked = ({ sandbox }: Meeting): number | undefined => sandbox.requests.summary().byRoute['rpc-clients'];

const warned = ({ pages }: Awaited<ReturnType<Meeting['list']>>): string[] =>
  pages.flatMap(({ warnings = [] }) => warnings.map(({ code }) => code));

/** Six questions prove an ordinary list; pages that are strange cost two readings, and no pages some searches. */
const PROVEN: [Partial<Switches>, number, number][] = [
  [{}, 120, 6],
  [{}, 23, 6],
  [{}, 100, 6],
  [{}, 2, 6],
  [{}, 1, 5],
  [{}, 0, 6],
  [{ rpcList: 'map' }, 0, 6],
  [{ order: 'id' }, 99, 6],
  [{ rpcList: 'map' }, 120, 9],
  [{ rpcLimit: 10 }, 23, 12],
  [{ rpcLimit: 17 }, 23, 9],
  [{ rpcPages: 'hundreds' }, 23, 14],
  [{ rpcPages: 'ignored' }, 23, 14],
  [{ rpcPages: 'ignored' }, 1234, 14],
  [{ rpcPages: 'refused' }, 100, 13],
  [{ rpcPages: 'refused', rpcHonoursLimit: false }, 7, 13],
  [{ rpcPages: 'ignored', rpcUsualLimit: 10 }, 23, 16],
];

/** The whole list, a look for pages, and two readings of five pages with an empty one. */
const ALL_PAGES = 1 + 1 + 2 + 11;

describe('Clients by JSON-RPC', () => {
  it.each(PROVEN)(
    'with %j are all of them, and proven to be: %i clients',
    async (switches, clients, requests) => {
      const meeting = await byRpc(switches, clients);
      const listing = await meeting.list();
      expect([sorted(listing.ids), listing.end]).toEqual([idsIn(meeting.sandbox), { complete: true }]);
      expect([asked(meeting), warned(listing)]).toEqual([requests, []]);
    },
  );

  it.each<[Partial<Switches>, number]>([
    [{ rpcLimit: 10, rpcPages: 'ignored' }, 23],
    [{ rpcLimit: 17, rpcPages: 'ignored' }, 23],
    [{ rpcLimit: 22, rpcPages: 'refused' }, 23],
    [{ rpcLimit: 3, rpcPages: 'refused' }, 23],
    [{ rpcLimit: 10, rpcPages: 'hundreds' }, 23],
    [{ rpcLimit: 10, rpcPages: 'of-the-cut' }, 23],
    [{ rpcLimit: 10, rpcPages: 'of-the-cut' }, 12],
    [{ rpcLimit: 100, rpcPages: 'ignored' }, 250],
    [{ rpcLimit: 100, rpcPages: 'refused' }, 250],
    [{ rpcLimit: 100, rpcPages: 'ignored', rpcHonoursLimit: false }, 250],
    [{ rpcUsualLimit: 10, rpcPages: 'ignored', rpcHonoursLimit: false }, 23],
  ])('with %j are said to be incomplete: a search finds others', async (switches, clients) => {
    const meeting = await byRpc(switches, clients);
    const { ids, end } = await meeting.list();
    expect(idsIn(meeting.sandbox)).toEqual(expect.arrayContaining(ids));
    expect(end).toEqual({ complete: false, reason: expect.stringContaining('knows of others') });
  });

  it.each<[Partial<Switches>, number]>([
    [{ rpcSearch: 'everybody' }, 23],
    [{ rpcSearch: 'nobody' }, 23],
    [{ rpcSearch: 'refused' }, 23],
    [{ rpcSearch: 'refused', rpcLimit: 17 }, 23],
    [{ rpcLimit: 2_001 }, 2_300],
  ])(
    'with %j are taken, and a warning says that nothing proves that they are all',
    async (switches, clients) => {
      const meeting = await byRpc({ rpcPages: 'ignored', ...switches }, clients);
      const listing = await meeting.list();
      expect(listing.ids).toHaveLength(switches.rpcLimit ?? clients);
      expect([listing.end, warned(listing)]).toEqual([
        { complete: true, unproven: true },
        ['clients-count-unknown'],
      ]);
    },
  );

  it.each([10, 50, 2_300])(
    'of which there are %i, and no proof, are said to be incomplete: so round are limits',
    async (rpcLimit) => {
      const switches = { rpcPages: 'ignored', rpcSearch: 'everybody', rpcLimit } as const;
      const { list } = await byRpc(switches, rpcLimit + 13);
      expect((await list()).end).toEqual({
        complete: false,
        reason: expect.stringContaining(`exactly ${rpcLimit} clients`),
      });
    },
  );

  it('that come while they are searched for are listed once more, and no reason to doubt', async () => {
    const meeting = await byRpc({ rpcPages: 'refused', rpcSearch: 'found' }, 23);
    const { crm, faults } = meeting.sandbox;
    const list = crm.list.bind(crm);
    let calls = 0;
    crm.list = (wanted) => {
      calls += 1;
      if (calls === 2) crm.add({ name: 'Zoe Newcomer', email: 'zoe@example.com', phone: '+49151000111' });
      return list(wanted);
    };
    const { ids, end } = await meeting.list();
    expect([ids.length, end]).toEqual([24, { complete: true }]);
    expect(faults.switches.rpcSearch).toBe('found');
  });

  it.each<[Partial<Switches>, number]>([
    [{}, 100],
    [{}, 300],
    [{ rpcLimit: 100 }, 250],
    [{ rpcLimit: 50 }, 120],
    [{ rpcLimit: 100, rpcList: 'map' }, 250],
    [{ rpcLimit: 100, drift: 'rename', driftTimes: 1 }, 450],
    [{ rpcLimit: 100, drift: 'insert', driftTimes: 1 }, 450],
    [{ rpcLimit: 100, drift: 'delete', driftTimes: 1 }, 450],
  ])(
    'with %j come page by page when their round number looks like a limit (%i)',
    async (switches, clients) => {
      const meeting = await byRpc(switches, clients);
      const { ids, end } = await meeting.list();
      expect(end).toEqual({ complete: true });
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining(idsIn(meeting.sandbox)));
    },
  );

  it.each([
    ['somebody whom pages never show', true],
    ['somebody who was deleted meanwhile', false],
  ])('whose list at once holds %s: incomplete is %s', async (_, comesBack) => {
    const { sandbox, list } = await byRpc({ rpcLimit: 100 }, 450);
    const everybody = sandbox.crm.list.bind(sandbox.crm);
    let calls = 0;
    sandbox.crm.list = (wanted) => {
      calls += 1;
      return everybody(wanted).slice(calls === 1 || (comesBack && calls > ALL_PAGES) ? 0 : 1);
    };
    const { ids, end } = await list();
    expect(calls).toBe(ALL_PAGES + 1);
    expect([ids.length, end?.complete]).toEqual([comesBack ? 450 : 449, !comesBack]);
  });

  it('that move without end while they are read are said to be incomplete', async () => {
    const meeting = await byRpc({ rpcLimit: 100, drift: 'mixed', driftTimes: 1_000 }, 450);
    const { ids, end } = await meeting.list();
    expect(end).toMatchObject({ complete: false });
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('keep what is odd about them: each odd record waits, none is dropped', async () => {
    const meeting = await byRpc({ weird: ['all'] }, 20);
    const { ids, unreadable } = await meeting.list();
    expect(ids.length + unreadable.length).toBe(20 + WEIRD_KINDS.length);
    expect(unreadable.length).toBeGreaterThan(5);
  });

  it.each(['number', 'text', 'float', 'padded'] as const)('have their ids written as %s', async (ids) => {
    const meeting = await byRpc({ ids }, 12);
    expect(sorted((await meeting.list()).ids)).toEqual(idsIn(meeting.sandbox));
  });

  it('keep ids that JavaScript’s numbers cannot hold', async () => {
    const { list } = await byRpc({ ids: 'big' }, 3);
    expect((await list()).ids.toSorted()).toEqual([
      '9007199254740993',
      '9007199254740994',
      '9007199254740995',
    ]);
  });

  it('without a field that the role may not see wait: absent is not blank', async () => {
    const { list } = await byRpc({ hide: ['email'] }, 3);
    const { clients, unreadable } = await list();
    expect([clients.length, unreadable.length]).toEqual([0, 3]);
  });

  it.each([
    ['html', undefined],
    ['status', 500],
    ['lost', undefined],
    ['cut', undefined],
    ['rate-limit', 1],
    ['body', '{"jsonrpc":"2.0","id":1}'],
    ['body', '{"result":"nothing","id":1}'],
    ['body', '{"result":null,"id":1}'],
    ['body', '[]'],
  ] as const)('come after an accident (%s %s)', async (kind, value) => {
    const trouble = { kind, on: 'rpc-clients', times: 1, ...(value === undefined ? {} : { value }) } as const;
    const meeting = await byRpc({ troubles: [trouble] });
    const { ids, end } = await meeting.list();
    expect([ids.length, end]).toEqual([120, { complete: true }]);
    expect(asked(meeting)).toBe(7);
  });

  it.each([
    ['status', 500, 'crm-unreachable'],
    ['html', undefined, 'crm-answer-unusable'],
    ['rate-limit', undefined, 'crm-rate-limited'],
    ['body', '{"error":{"code":-32001,"message":"off"},"id":1}', 'crm-api-feature-off'],
    ['body', '{"error":{"code":-33005,"message":"HIPAA"},"id":1}', 'crm-api-not-allowed'],
    ['body', '{"error":{"code":-99999,"message":"?"},"id":1}', 'crm-answer-unusable'],
    ['body', '{"error":{"code":-32600,"message":"Too many requests"},"id":1}', 'crm-rate-limited'],
  ] as const)('that never come (%s %s) end with %s', async (kind, value, code) => {
    const trouble = { kind, on: 'rpc-clients', ...(value === undefined ? {} : { value }) } as const;
    const meeting = await byRpc({ troubles: [trouble] });
    expect(await refusalOf(meeting.list())).toMatchObject({ code });
  });

  it('are asked for with a new token when the old one has expired, by one login', async () => {
    const meeting = await byRpc();
    await meeting.list();
    meeting.sandbox.auth.expireTokens();
    meeting.sandbox.requests.clear();
    expect((await meeting.list()).end).toEqual({ complete: true });
    expect(meeting.sandbox.requests.summary()).toMatchObject({
      logins: { ok: 0, failed: 0 },
      rpcLogins: { ok: 1, failed: 0 },
    });
  });
});

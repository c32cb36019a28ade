import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { Trouble } from '../../sandbox/troubles.ts';
import type { ClientPage } from '../../src/modules/crm-connection/contract.ts';
import type { SimplyBookSettings } from '../../src/modules/crm-connection/simplybook/settings.ts';
import { callerOf, closeAfterTest, idsIn, meet, refusalOf, sorted, type Meeting } from './simplybook.ts';

const COMPLETE = { complete: true };

const pagesAsked = ({ sandbox }: Meeting): number => sandbox.requests.summary().byRoute.clients ?? 0;

/** Every way in which one request can go wrong by accident, and what it is called when it goes on like that. */
const ACCIDENTS: [Omit<Trouble, 'page'>, string][] = [
  [{ kind: 'status', value: 500 }, 'crm-unreachable'],
  [{ kind: 'status', value: 503 }, 'crm-unreachable'],
  [{ kind: 'lost' }, 'crm-unreachable'],
  [{ kind: 'reset' }, 'crm-unreachable'],
  [{ kind: 'truncate' }, 'crm-unreachable'],
  [{ kind: 'hang' }, 'crm-unreachable'],
  [{ kind: 'drip', value: 5 }, 'crm-unreachable'],
  [{ kind: 'rate-limit' }, 'crm-rate-limited'],
  [{ kind: 'too-many' }, 'crm-rate-limited'],
  [{ kind: 'html' }, 'crm-answer-unusable'],
  [{ kind: 'html', value: 404 }, 'crm-answer-unusable'],
  [{ kind: 'redirect' }, 'crm-answer-unusable'],
  [{ kind: 'cut' }, 'crm-answer-unusable'],
  [{ kind: 'gzip-garbage' }, 'crm-answer-unusable'],
  [{ kind: 'not-http' }, 'crm-answer-unusable'],
  [{ kind: 'endless-headers' }, 'crm-answer-unusable'],
  [{ kind: 'huge', value: 25 }, 'crm-answer-unusable'],
  [{ kind: 'gzip-bomb', value: 25 }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: 'null' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '42' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '[]' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '{}' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '[null]' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '{"data":null}' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '{"data":[]}' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '{"data":[],"metadata":[]}' }, 'crm-answer-unusable'],
  [
    {
      kind: 'body',
      value: '{"data":[],"metadata":{"items_count":0,"pages_count":0,"page":2,"on_page":100}}',
    },
    'crm-answer-unusable',
  ],
  [
    {
      kind: 'body',
      value: '{"data":[],"metadata":{"items_count":250,"pages_count":3,"page":2,"on_page":100}}',
    },
    'crm-answer-unusable',
  ],
  [{ kind: 'body', value: '{"data":{"phone":["wrong"]},"message":""}' }, 'crm-answer-unusable'],
  [{ kind: 'body', value: '{"code":500,"message":"x","data":[],"message_data":[]}' }, 'crm-unreachable'],
  [{ kind: 'body', value: '['.repeat(200_000) }, 'crm-answer-unusable'],
];

const named = ACCIDENTS.map(
  ([trouble, code]) =>
    [`${trouble.kind} ${String(trouble.value ?? '')}`.slice(0, 60), trouble, code] as const,
);

/** Only what never ends is ended by the deadline, long after it has arrived; everything else has all the time it wants. */
const deadlineFor = ({ kind }: Omit<Trouble, 'page'>): Partial<SimplyBookSettings> =>
  kind === 'hang' || kind === 'drip' ? { answerWithinMs: 1_500, tries: 3 } : { tries: 3 };

describe('An accident in the middle of the list', () => {
  it.each(named)('(%s) that happens twice is got over: the page is asked again', async (_name, trouble) => {
    const meeting = await meet(
      { switches: { troubles: [{ ...trouble, page: 2, times: 2 }] } },
      deadlineFor(trouble),
    );
    const { ids, end } = await meeting.list();
    expect(sorted(ids)).toEqual(idsIn(meeting.sandbox));
    expect(end).toEqual(COMPLETE);
    expect(pagesAsked(meeting)).toBe(5);
  });

  it.each(named)(
    '(%s) that goes on ends the listing with an error, never with "no more clients"',
    async (_name, trouble, code) => {
      const meeting = await meet({ switches: { troubles: [{ ...trouble, page: 2 }] } }, deadlineFor(trouble));
      const refusal = await refusalOf(meeting.list());
      expect(refusal).toMatchObject({ kind: 'bad-gateway', code });
      expect(pagesAsked(meeting)).toBe(1 + 3);
    },
  );

  it('is tried five times and no more', async () => {
    const meeting = await meet({ switches: { troubles: [{ kind: 'status', page: 2 }] } });
    await refusalOf(meeting.list());
    expect(pagesAsked(meeting)).toBe(1 + 5);
  });

  it('on the very first page does not read as a company without clients', async () => {
    for (const value of [
      '[]',
      '{}',
      '{"data":[]}',
      '{"data":[],"metadata":{"items_count":50,"on_page":100}}',
    ]) {
      const meeting = await meet({ switches: { troubles: [{ kind: 'body', on: 'clients', value }] } });
      expect(await refusalOf(meeting.list())).toMatchObject({ code: 'crm-answer-unusable' });
    }
  });

  it('on the last page is mended by reading the list again', async () => {
    const value = '{"data":[],"metadata":{"items_count":250,"pages_count":3,"page":3,"on_page":100}}';
    const meeting = await meet({ switches: { troubles: [{ kind: 'body', page: 3, times: 1, value }] } });
    const { ids, end } = await meeting.list();
    expect(sorted(ids)).toEqual(idsIn(meeting.sandbox));
    expect(end).toEqual(COMPLETE);
  });

  it.each(['huge', 'gzip-bomb'] as const)('with a thousand megabytes (%s) is not even read', async (kind) => {
    const { list } = await meet({ switches: { troubles: [{ kind, page: 2 }] } }, { tries: 1 });
    expect(await refusalOf(list())).toMatchObject({
      code: 'crm-answer-unusable',
      message: expect.stringContaining('larger than we take'),
    });
  });

  it('that refuses the request itself is not repeated', async () => {
    const meeting = await meet({ switches: { troubles: [{ kind: 'status', on: 'clients', value: 400 }] } });
    expect(await refusalOf(meeting.list())).toMatchObject({ code: 'crm-answer-unusable' });
    expect(pagesAsked(meeting)).toBe(1);
  });
});

describe('A server that asks for fewer requests', () => {
  it.each(['1', '0', '-5', '99999999999', 'soon', 'Wed, 21 Oct 2015 07:28:00 GMT', '1.5', ''])(
    'with Retry-After "%s" is waited for, within bounds',
    async (value) => {
      const meeting = await meet({
        switches: { troubles: [{ kind: 'rate-limit', page: 2, times: 2, value }] },
      });
      const { ids, end } = await meeting.list();
      expect(sorted(ids)).toEqual(idsIn(meeting.sandbox));
      expect(end).toEqual(COMPLETE);
    },
  );

  it('and goes on asking is told with the wait it wants', async () => {
    const { list } = await meet({ switches: { troubles: [{ kind: 'rate-limit', page: 2, value: 120 }] } });
    expect(await refusalOf(list())).toMatchObject({ code: 'crm-rate-limited', details: { retryAfter: 120 } });
  });
});

describe('A redirect', () => {
  it('is followed nowhere, and takes no token along', async () => {
    const elsewhere = await meet();
    const value = `${elsewhere.sandbox.url}/admin/clients`;
    const { list } = await meet({ switches: { troubles: [{ kind: 'redirect', on: 'clients', value }] } });
    await refusalOf(list());
    expect(elsewhere.sandbox.requests.summary().total).toBe(0);
  });
});

describe('An abort', () => {
  it('ends a request that waits for its answer, with its own reason', async () => {
    const meeting = await meet({ switches: { troubles: [{ kind: 'hang', page: 2 }] } });
    const abort = new AbortController();
    const pages = meeting.provider.clientPages(meeting.session, abort.signal);
    await pages.next();
    const second = pages.next();
    abort.abort(new Error('cancelled'));
    await expect(second).rejects.toThrow('cancelled');
  });

  it('ends a wait between two tries', async () => {
    const meeting = await meet(
      { switches: { troubles: [{ kind: 'rate-limit', page: 2, value: 3600 }] } },
      { retryAfterMostMs: 3_600_000 },
    );
    const abort = new AbortController();
    const pages = meeting.provider.clientPages(meeting.session, abort.signal);
    await pages.next();
    const second = pages.next();
    setTimeout(() => abort.abort(new Error('cancelled')), 50);
    await expect(second).rejects.toThrow('cancelled');
  });

  it('ends the wait for a turn', async () => {
    const meeting = await meet();
    const abort = new AbortController();
    meeting.session.pace = (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    const pages: AsyncGenerator<ClientPage> = meeting.provider.clientPages(meeting.session, abort.signal);
    const first = pages.next();
    setTimeout(() => abort.abort(new Error('cancelled')), 10);
    await expect(first).rejects.toThrow('cancelled');
    expect(meeting.sandbox.requests.summary().total).toBe(0);
  });
});

describe('The pace', () => {
  it('is kept before every request: login, pages, refresh and repeats', async () => {
    const meeting = await meet({
      clients: 1000,
      switches: { expireAfter: 7, troubles: [{ kind: 'status', page: 3, times: 1 }] },
    });
    let turns = 0;
    meeting.session.pace = async () => {
      turns += 1;
    };
    await meeting.list();
    expect(turns).toBe(meeting.sandbox.requests.summary().total);
    expect(meeting.sandbox.requests.summary().maxConcurrent).toBe(1);
  });
});

describe('A server that takes connections and says nothing', () => {
  it('is left when it has not shaken hands in time', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const held = new Set<{ destroy: () => void }>();
    silent.on('connection', (socket) => held.add(socket));
    closeAfterTest(() => {
      for (const socket of held) socket.destroy();
      silent.close();
    });
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const account = {
      company: 'acmestudio',
      login: 'x',
      secret: 'y',
      totpSecret: null,
      domain: 'simplybook.me',
    };
    const { signIn } = callerOf(`https://127.0.0.1:${port}`, account, { connectWithinMs: 50 });
    expect(await refusalOf(signIn())).toMatchObject({
      code: 'crm-unreachable',
      message: expect.stringContaining('no connection could be made'),
    });
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Switches } from '../../sandbox/faults.ts';
import { meet, meetBoth, never } from './simplybook.ts';

describe('The test of a connection', () => {
  it('logs in, lists, and says what came back', async () => {
    const { provider, session, sandbox } = await meet();
    expect((await provider.check(session, never)).checks).toEqual([
      { tried: 'REST v2: log in (POST /admin/auth)', ok: true, answered: 'Logged in.', advice: null },
      {
        tried: 'REST v2: list clients (GET /admin/clients)',
        ok: true,
        answered: 'Answered; there are 250 clients.',
        advice: null,
      },
    ]);
    expect(sandbox.requests.summary()).toMatchObject({ total: 2, logins: { ok: 1, failed: 0 } });
    expect(sandbox.requests.list.at(-1)).toMatchObject({ page: 1, onPage: 1 });
  });

  it('tries the credentials even where there is a good token, and shares the new one', async () => {
    const { provider, session, list, sandbox } = await meet();
    await list();
    const before = await session.tokens.current();
    await provider.check(session, never);
    expect(sandbox.requests.summary().logins).toEqual({ ok: 2, failed: 0 });
    expect((await session.tokens.current())?.token).not.toBe(before?.token);
  });

  it('stops at the login that is refused and advises', async () => {
    const { provider, session, account, sandbox } = await meet();
    session.account = { ...account, secret: 'wrong' };
    expect((await provider.check(session, never)).checks).toEqual([
      {
        tried: 'REST v2: log in (POST /admin/auth)',
        ok: false,
        answered: expect.stringContaining('refused the login'),
        advice: expect.stringContaining('API User Key'),
      },
    ]);
    expect(sandbox.requests.summary().total).toBe(1);
  });

  it('tells a role that may log in but not see clients', async () => {
    const { provider, session } = await meet({ switches: { accessDenied: true } });
    expect((await provider.check(session, never)).checks).toMatchObject([
      { ok: true },
      { ok: false, answered: expect.stringContaining('does not let this user'), advice: expect.any(String) },
    ]);
  });

  it('wonders about a company without clients', async () => {
    const { provider, session } = await meet({ switches: { empty: true } });
    const [, list] = (await provider.check(session, never)).checks;
    expect(list).toMatchObject({ ok: true, advice: expect.stringContaining('may not see them') });
  });

  it('names the domain that the company really lives on', async () => {
    const { provider, session, account } = await meet({ domain: 'simplybook.it' });
    session.account = { ...account, domain: 'simplybook.me' };
    expect((await provider.check(session, never)).checks).toMatchObject([
      {
        answered: expect.stringContaining('simplybook.it'),
        advice: expect.stringContaining('simplybook.it'),
      },
      { ok: true },
    ]);
  });

  it('does not keep anybody waiting for five tries', async () => {
    const { provider, session, sandbox } = await meet({
      switches: { troubles: [{ kind: 'status', on: 'clients' }] },
    });
    expect((await provider.check(session, never)).checks).toMatchObject([{ ok: true }, { ok: false }]);
    expect(sandbox.requests.summary().byRoute.clients).toBe(2);
  });

  it('throws when it is aborted', async () => {
    const { provider, session } = await meet({ switches: { troubles: [{ kind: 'hang' }] } });
    const abort = new AbortController();
    const check = provider.check(session, abort.signal);
    abort.abort(new Error('stop'));
    await expect(check).rejects.toThrow('stop');
  });
});

describe('The test of a connection that has JSON-RPC as well', () => {
  const lines = async (switches: Partial<Switches>, secret: 'password' | 'apiUserKey' = 'password') => {
    const meeting = await meetBoth({ clients: 12, switches });
    meeting.session.account = { ...meeting.account, secret: meeting.sandbox.account[secret] };
    const { way, checks } = await meeting.check();
    const told = checks.map(({ tried, ok, answered }) => `${ok ? 'ok' : 'no'} ${tried}: ${answered}`);
    return { way, told, advice: checks.map(({ advice }) => advice), meeting };
  };

  const REST_LOGIN = 'REST v2: log in (POST /admin/auth)';
  const REST_LIST = 'REST v2: list clients (GET /admin/clients)';
  const RPC_LOGIN = 'JSON-RPC: log in (getUserToken)';
  const RPC_LIST = 'JSON-RPC: list clients (getClientList)';
  const LEGACY = ['/admin/clients', '/v2/admin/clients', '/admin/client'].map(
    (path) => `no Legacy address: GET ${path}: Status 404.`,
  );

  it('stops at the first way that works', async () => {
    expect(await lines({})).toMatchObject({
      way: 'REST v2',
      told: [`ok ${REST_LOGIN}: Logged in.`, `ok ${REST_LIST}: Answered; there are 12 clients.`],
    });
  });

  it('tells how a key that REST refuses becomes a token that it takes', async () => {
    const { way, told } = await lines({ login: 'key-refused' }, 'apiUserKey');
    expect(way).toBe('REST v2 with the token of JSON-RPC');
    expect(told).toEqual([
      expect.stringMatching(/^no REST v2: log in.*refused the login/),
      `ok ${RPC_LOGIN}: Logged in.`,
      'ok REST v2 with the token of JSON-RPC: list clients (GET /admin/clients): Answered; there are 12 clients.',
    ]);
  });

  it('tells how JSON-RPC lists where REST takes no token at all', async () => {
    const { way, told } = await lines({ login: 'key-refused', rpcTokenOnRest: false }, 'apiUserKey');
    expect(way).toBe('JSON-RPC');
    expect(told.slice(1)).toEqual([
      `ok ${RPC_LOGIN}: Logged in.`,
      'no REST v2: take the token of JSON-RPC (GET /admin/clients): It refused the token.',
      `ok ${RPC_LIST}: Answered; there are 12 clients.`,
    ]);
  });

  it('tells how JSON-RPC lists where REST is missing, and where it refuses its own tokens', async () => {
    const missing = await lines({ restMissing: true });
    expect(missing.told).toEqual([
      expect.stringMatching(/^no REST v2: log in.*knows no company/),
      'ok JSON-RPC: where the company lives (getServiceUrl): On simplybook.me.',
      `ok ${RPC_LOGIN}: Logged in.`,
      `ok ${RPC_LIST}: Answered; there are 12 clients.`,
    ]);
    const refusing = await lines({ restRefusesTokens: true });
    expect(refusing.told).toEqual([
      `ok ${REST_LOGIN}: Logged in.`,
      expect.stringMatching(/^no REST v2: list clients.*refuses the token/),
      `ok ${RPC_LIST}: Answered; there are 12 clients.`,
    ]);
    expect([missing.way, refusing.way]).toEqual(['JSON-RPC', 'JSON-RPC']);
    expect((await refusing.meeting.session.tokens.current())?.way).toBe('rpc');
  });

  it('goes through everything when nothing works, the addresses that circulate last', async () => {
    const { way, told, advice, meeting } = await lines({ login: 'refused' });
    expect(way).toBeNull();
    expect(told).toEqual([
      expect.stringMatching(/^no REST v2: log in.*refused the login/),
      expect.stringMatching(/^no JSON-RPC: log in.*refused the login/),
      ...LEGACY,
    ]);
    expect(advice).not.toContain(null);
    expect(meeting.sandbox.requests.summary()).toMatchObject({
      logins: { ok: 0, failed: 1 },
      rpcLogins: { ok: 0, failed: 1 },
    });
    expect(
      meeting.sandbox.requests.list.filter(({ route, withToken }) => route === 'legacy' && withToken),
    ).toEqual([]);
  });

  it.each<[Partial<Switches>, RegExp]>([
    [{ twoFactor: 'empty-token' }, /second factor/],
    [{ login: 'hipaa' }, /HIPAA mode/],
    [{ accessDenied: true }, /does not let this user read that/],
    [{ wrongRegion: true }, /knows no company/],
  ])('with %j tries no second login', async (switches, says) => {
    const { way, told, meeting } = await lines(switches);
    expect([way, told.join('\n')]).toEqual([null, expect.stringMatching(says)]);
    expect(told.slice(-3)).toEqual(LEGACY);
    const { logins, rpcLogins } = meeting.sandbox.requests.summary();
    expect(logins.ok + logins.failed + rpcLogins.ok + rpcLogins.failed).toBe(1);
  });

  it.each<Partial<Switches>>([
    { troubles: [{ kind: 'too-many', on: 'login' }] },
    { troubles: [{ kind: 'rate-limit', on: 'login' }] },
    { troubles: [{ kind: 'status', on: 'login' }] },
  ])('with %j leaves SimplyBook.me in peace after that', async (switches) => {
    const { told } = await lines(switches);
    expect(told).toHaveLength(1);
  });

  it('moves a connection back to REST when REST works again', async () => {
    const meeting = await meetBoth({ clients: 12, switches: { restMissing: true } });
    await meeting.list();
    meeting.sandbox.faults.set({ restMissing: false });
    expect((await meeting.check()).way).toBe('REST v2');
    expect((await meeting.session.tokens.current())?.way).toBe('rest');
  });
});

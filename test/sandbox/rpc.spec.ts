import { describe, expect, it } from '@jest/globals';
import type { Switches } from '../../sandbox/faults.ts';
import type { SandboxOptions } from '../../sandbox/sandbox.ts';
import { codeOf, stepAt } from '../../sandbox/totp.ts';
import { parsed, visit, type Row, type Visitor } from './visitor.ts';

type RpcReply = { result?: unknown; error?: { code: number; message: string; data: unknown }; id: unknown };

type Caller = Visitor & {
  call: (
    path: string,
    method: string,
    params: unknown,
    headers?: Record<string, string>,
  ) => Promise<RpcReply>;
  userToken: (secret?: string) => Promise<RpcReply>;
  /** A call to the company's administration with the token of a user. */
  inside: (method: string, ...params: unknown[]) => Promise<RpcReply>;
};

const caller = async (options: Partial<SandboxOptions> = {}): Promise<Caller> => {
  const visitor = await visit(options);
  const { company, login, password } = visitor.sandbox.account;
  const call: Caller['call'] = async (path, method, params, headers = {}) => {
    const body = { jsonrpc: '2.0', method, params, id: 7 };
    const reply = await visitor.ask('POST', `/rpc${path}`, { body, headers });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json']);
    return parsed(reply) as RpcReply;
  };
  const userToken: Caller['userToken'] = (secret = password) =>
    call('/login', 'getUserToken', [company, login, secret]);
  const inside: Caller['inside'] = async (method, ...params) => {
    const token = String((await userToken()).result);
    return call('/admin/', method, params, { 'x-company-login': company, 'x-user-token': token });
  };
  return { ...visitor, call, userToken, inside };
};

const withSwitches = (switches: Partial<Switches>, clients = 25): Promise<Caller> =>
  caller({ switches, clients });

const idsOf = ({ result }: RpcReply): string[] => (result as Row[]).map(({ id }) => String(id));

describe('JSON-RPC', () => {
  it('answers with HTTP 200, whatever happens, and gives the id back', async () => {
    const { call } = await caller();
    expect(await call('/login', 'noSuchMethod', [])).toEqual({
      jsonrpc: '2.0',
      error: { code: -32601, message: expect.any(String), data: [] },
      id: 7,
    });
  });

  it('tells its methods to whoever looks', async () => {
    const { ask } = await caller();
    const map = parsed(await ask('GET', '/rpc/login'));
    expect(map['methods']).toMatchObject({ getUserToken: { transport: 'POST' } });
  });

  it('knows none of the addresses that circulate', async () => {
    const { ask, sandbox } = await caller();
    for (const path of ['/admin/clients', '/v2/admin/clients', '/admin/client']) {
      const reply = await ask('GET', `/rpc${path}`);
      expect([reply.status, reply.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    }
    expect(sandbox.requests.summary().byRoute.legacy).toBe(3);
  });

  it('can be missing altogether, and so can REST', async () => {
    const { ask, logIn } = await withSwitches({ rpcMissing: true });
    expect((await ask('POST', '/rpc/login', { body: {} })).status).toBe(404);
    expect((await logIn()).status).toBe(200);
    const other = await withSwitches({ restMissing: true });
    expect((await other.logIn()).status).toBe(404);
    expect((await other.userToken()).result).toEqual(expect.any(String));
  });
});

describe('getUserToken', () => {
  it('takes the password or the API User Key, by position or by name', async () => {
    const { userToken, call, sandbox } = await caller();
    const { company, login, password, apiUserKey } = sandbox.account;
    expect((await userToken(apiUserKey)).result).toMatch(/^[0-9a-f]{64}$/);
    const named = await call('/login', 'getUserToken', { company, login, password });
    expect(named.result).toMatch(/^[0-9a-f]{64}$/);
    expect(sandbox.requests.summary().rpcLogins).toEqual({ ok: 2, failed: 0 });
  });

  it('takes the API User Key where REST refuses it', async () => {
    const { userToken, logIn, sandbox } = await withSwitches({ login: 'key-refused' });
    expect((await logIn({ password: sandbox.account.apiUserKey })).status).toBe(400);
    expect((await userToken(sandbox.account.apiUserKey)).result).toEqual(expect.any(String));
  });

  it.each([
    [{}, -33003],
    [{ login: 'refused' }, -33003],
    [{ login: 'blocked' }, -33004],
    [{ login: 'hipaa' }, -33005],
    [{ login: 'api-off' }, -32001],
    [{ login: 'not-allowed' }, -32600],
    [{ login: 'confirm-ip' }, -33003],
    [{ wrongRegion: true }, -33001],
    [{ twoFactor: 'empty-token' }, -33003],
  ] as const)('with %j is refused with %i', async (switches, code) => {
    const { userToken, sandbox } = await withSwitches(switches);
    const secret = Object.keys(switches).length === 0 ? 'a guess' : sandbox.account.password;
    expect((await userToken(secret)).error?.code).toBe(code);
    expect(sandbox.requests.summary().rpcLogins).toEqual({ ok: 0, failed: 1 });
  });

  it('counts towards the lock-out like a login by REST', async () => {
    const { userToken, logIn } = await withSwitches({ lockoutAfter: 1 });
    for (let tries = 0; tries < 2; tries += 1) await userToken('a guess');
    expect((await logIn()).status).toBe(403);
    expect((await userToken()).error?.message).toMatch(/too many attempts/i);
  });
});

describe('the other ways to a token', () => {
  it('the API key opens the public service and not the administration', async () => {
    const { call, sandbox } = await caller();
    const { company, apiKey } = sandbox.account;
    const token = String((await call('/login', 'getToken', [company, apiKey])).result);
    const headers = { 'x-company-login': company, 'x-token': token, 'x-user-token': token };
    expect((await call('/', 'getEventList', [], headers)).result).toEqual([]);
    expect((await call('/admin/', 'getClientList', ['', null], headers)).error?.code).toBe(-32600);
    expect((await call('/login', 'getToken', [company, 'a guess'])).error?.code).toBe(-33002);
    expect((await call('/login', 'getApplicationToken', [company])).error?.code).toBe(-32600);
  });

  it.each([
    ['domain', 'simplybook.it'],
    ['url', 'https://acmestudio.simplybook.it/'],
    ['api-url', 'https://user-api.simplybook.it'],
  ] as const)('getServiceUrl tells where a company lives, as %s', async (serviceUrl, told) => {
    const { call } = await caller({ domain: 'simplybook.it', switches: { serviceUrl } });
    expect((await call('/login', 'getServiceUrl', ['acmestudio'])).result).toBe(told);
    expect((await call('/login', 'getServiceUrl', ['somebodyelse'])).error?.code).toBe(-33001);
  });
});

describe('the administration', () => {
  it.each([
    [{}, 'x-user-token', '/admin/', true],
    [{}, 'x-token', '/admin', true],
    [{ rpcHeader: 'x-user-token' }, 'x-token', '/admin/', false],
    [{ rpcHeader: 'x-token' }, 'x-user-token', '/admin/', false],
    [{ rpcSlash: 'wanted' }, 'x-user-token', '/admin', false],
    [{ accessDenied: true }, 'x-user-token', '/admin/', false],
    [{ tokenSeconds: 0 }, 'x-user-token', '/admin/', false],
  ] as const)('with %j takes a token in %s at %s: %s', async (switches, header, path, opens) => {
    const { call, userToken } = await withSwitches(switches);
    const headers = { 'x-company-login': 'acmestudio', [header]: String((await userToken()).result) };
    const reply = await call(path, 'getClientList', ['', 5], headers);
    expect(reply.error?.code ?? 'opened').toBe(opens ? 'opened' : -32600);
  });

  it.each([
    [{}, 200, 'opened'],
    [{ rpcTokenOnRest: false, restTokenOnRpc: false }, 401, -32600],
  ] as const)(
    'with %j REST answers its tokens with %i, and it those of REST: %s',
    async (switches, status, rpc) => {
      const { ask, askInside, call, logIn, userToken } = await withSwitches(switches);
      const company = { 'x-company-login': 'acmestudio' };
      const token = String((await userToken()).result);
      const rest = await ask('GET', '/admin/clients', { headers: { ...company, 'x-token': token } });
      expect(rest.status).toBe(status);
      const own = String(parsed(await logIn())['token']);
      const reply = await call('/admin/', 'getClientList', ['', 5], { ...company, 'x-user-token': own });
      expect(reply.error?.code ?? 'opened').toBe(rpc);
      expect((await askInside('GET', '/admin/clients')).status).toBe(200);
    },
  );

  it('can live beside a REST that refuses its own tokens', async () => {
    const { askInside, inside } = await withSwitches({ restRefusesTokens: true });
    expect((await askInside('GET', '/admin/clients')).status).toBe(401);
    expect(idsOf(await inside('getClientList', ''))).toHaveLength(25);
  });

  it('lists clients with their ids as texts', async () => {
    const { inside, sandbox } = await caller({ clients: 3 });
    const { result } = await inside('getClientList', '');
    const { id, name, email, phone } = sandbox.crm.get(1)!;
    expect(result).toHaveLength(3);
    expect(result).toContainEqual({ id: String(id), name, email, phone });
    expect((await inside('getClient', 1)).result).toMatchObject({ id: '1', name, city: null });
    expect((await inside('getClientInfo', '99')).error?.code).toBe(-32064);
  });

  it('finds by a part of name, e-mail or phone', async () => {
    const { inside, sandbox } = await caller({ clients: 30 });
    const email = sandbox.crm.get(7)?.email ?? '';
    expect(idsOf(await inside('getClientList', email.toUpperCase(), null))).toEqual(['7']);
  });

  it.each([
    [{}, ['', 10], 10],
    [{}, ['', null], 120],
    [{}, ['', 100, 1], 100],
    [{}, ['', 100, 2], 20],
    [{}, ['', 100, 3], 0],
    [{ rpcPages: 'ignored' }, ['', 100, 2], 100],
    [{ rpcPages: 'ignored', rpcHonoursLimit: false }, ['', 100, 2], 120],
    [{ rpcHonoursLimit: false }, ['', 10], 120],
    [{ rpcLimit: 50 }, ['', null], 50],
    [{ rpcLimit: 50 }, ['', 1000], 50],
  ] as const)('with %j answers getClientList(%j) with %i clients', async (switches, params, count) => {
    const { inside } = await withSwitches(switches, 120);
    expect((await inside('getClientList', ...params)).result).toHaveLength(count);
  });

  it('can refuse a page, and can list as a map by id', async () => {
    const { inside, sandbox } = await withSwitches({ rpcPages: 'refused', rpcList: 'map' }, 2);
    expect((await inside('getClientList', '', 100, 1)).error?.code).toBe(-32602);
    const { result } = await inside('getClientList', '');
    expect(Object.keys(result as object).toSorted()).toEqual(['1', '2']);
    sandbox.faults.set({ empty: true });
    expect((await inside('getClientList', '')).result).toEqual([]);
  });

  it('has no appointments unless somebody brings them, and knows zone and required fields', async () => {
    const { inside } = await caller();
    expect((await inside('getBookings', { date_from: '2026-11-01' })).result).toEqual([]);
    expect((await inside('getCompanyTimezoneOffset')).result).toBe('60');
    expect((await inside('getCompanyParam', 'require_fields')).result).toBe('email_phone');
    expect((await inside('getCompanyParam', 'nonsense')).error?.code).toBe(-32010);
  });
});

describe('the code of an authenticator app', () => {
  // RFC 6238, appendix B: the last six of its eight digits, secret "12345678901234567890".
  it.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('is at %i s what the standard says', (seconds, code) => {
    expect(codeOf('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', stepAt(seconds * 1000, 30))).toBe(code);
  });
});

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import type { Switches } from '../sandbox/faults.ts';
import type { Company } from '../sandbox/companies.ts';
import type { CheckReport, Connection, LogEvent, Problem, Run, SyncAnswer } from './contract.ts';
import { startService, type Service } from './service.ts';
import { freshDatabase } from './shared/database.ts';
import { startWorld, type World } from './world.ts';

let world: World;
/** A second process on the same database. */
let other: Service;
beforeAll(async () => {
  world = await startWorld();
  const { url: restUrl, rpcUrl } = world.companies;
  other = await startService({ databaseUrl: world.service.databaseUrl, restUrl, rpcUrl });
});
afterAll(async () => {
  await other.stop();
  await world.stop();
});

const wish = ({ account }: Company, more: object = {}) => ({
  provider: 'simplybook',
  company: account.company,
  login: account.login,
  secret: account.password,
  ...more,
});

/** Attempts to log in, by REST and by JSON-RPC. */
const attempts = ({ requests }: Company): [number, number] => {
  const { logins, rpcLogins } = requests.summary();
  return [logins.ok + logins.failed, rpcLogins.ok + rpcLogins.failed];
};

type Answer = { status: number; code: string; body: Problem; headers: Headers };

const sync = ({ id }: Connection, service: Service = world.service): Promise<Answer> =>
  service.api<Problem>('POST', `/api/connections/${id}/sync`);

const test = async ({ id }: Connection, service: Service = world.service): Promise<CheckReport> =>
  (await service.api<CheckReport>('POST', `/api/connections/${id}/test`)).body;

const one = async ({ id }: Connection): Promise<Connection> =>
  (await world.api<Connection>('GET', `/api/connections/${id}`)).body;

const replace = ({ id }: Connection, body: object) =>
  world.api<Connection>('PUT', `/api/connections/${id}/credentials`, body);

const attentionEvents = async ({ id }: Connection): Promise<LogEvent[]> =>
  world.all<LogEvent>(`/api/events?stream=connection-${id}&type=CrmNeedsAttention`);

/** The lines of the logs that say so: either of the two may have worked on a run. */
const logged = ({ id }: Connection, says: string): number =>
  `${world.service.output()}\n${other.output()}`
    .split('\n')
    .filter((line) => line.includes(id) && line.includes(says)).length;

/** The password was changed in the CRM, and nothing that we have opens anything any more. */
const locksOut = (company: Company): void => {
  company.account.password = `${company.account.password} (changed)`;
  company.faults.set({ refreshRefused: true });
  company.auth.expireTokens();
  company.requests.clear();
};

describe('a company', () => {
  it.each<[string, Partial<Switches>, 'password' | 'apiUserKey', string, [number, number]]>([
    ['as most are', {}, 'password', 'REST v2', [1, 0]],
    ['without JSON-RPC', { rpcMissing: true }, 'apiUserKey', 'REST v2', [1, 0]],
    [
      'whose REST refuses the key',
      { login: 'key-refused' },
      'apiUserKey',
      'REST v2 with the token of JSON-RPC',
      [1, 1],
    ],
    [
      'whose REST refuses the key and tokens of JSON-RPC',
      { login: 'key-refused', rpcTokenOnRest: false },
      'apiUserKey',
      'JSON-RPC',
      [1, 1],
    ],
    ['without REST', { restMissing: true }, 'password', 'JSON-RPC', [1, 1]],
    ['whose REST refuses its own tokens', { restRefusesTokens: true }, 'password', 'JSON-RPC', [1, 0]],
  ])(
    '%s is connected and synced twice by as few logins as there can be',
    async (_, switches, secret, way, logins) => {
      const company = await world.companies.open({ clients: 120, clean: true, switches });
      const connection = await world.connect(company, { secret: company.account[secret] });
      expect((await world.sync(connection)).stats).toMatchObject({
        clients_fetched: 120,
        leads_created: 120,
      });
      const again = await world.sync(connection);
      expect([again.status, again.stats.leads_unchanged]).toEqual(['succeeded', 120]);
      expect(attempts(company)).toEqual(logins);
      expect((await test(connection)).way).toBe(way);
    },
  );

  it('that lists a part only, by JSON-RPC, is suspicious and says why', async () => {
    const switches = { restMissing: true, rpcLimit: 100, rpcPages: 'refused' } as const;
    const company = await world.companies.open({ clients: 130, clean: true, switches });
    const connection = await world.connect(company);
    const { status, runId, stats } = await world.sync(connection);
    // Those who are found by a search and not listed are taken too.
    expect([status, stats.leads_created]).toEqual(['suspicious', 121]);
    const { body: run } = await world.api<Run>('GET', `/api/runs/${runId}`);
    expect(run.error?.detail).toMatch(/100 clients, and knows of others/);
  });

  it.each<[string, Partial<Switches>, object, string]>([
    [
      'that REST calls a wrong password but has a blocked user',
      { login: 'blocked', loginTells: 'nothing' },
      {},
      'crm-user-blocked',
    ],
    ['whose API feature is off', { login: 'api-off' }, {}, 'crm-api-feature-off'],
    ['on another domain', { wrongRegion: true }, { domain: 'simplybook.asia' }, 'crm-wrong-region'],
    [
      'whose user has another authenticator',
      { twoFactor: 'empty-token' },
      { totpSecret: 'GEZDGNBVGY3TQOJQ' },
      'crm-two-factor-refused',
    ],
  ])('%s is refused with a type of its own, and nothing is stored', async (_, switches, more, code) => {
    const company = await world.companies.open({ switches });
    const answer = await world.api<Problem>('POST', '/api/connections', wish(company, more));
    expect([answer.status, answer.code]).toEqual([422, code]);
    const left = await world.rows('select from connections where company = $1', [company.account.company]);
    expect([left, await world.rows('select from connecting')]).toEqual([[], []]);
  });

  it('asked for five times at once, on two instances, costs one login and is one connection', async () => {
    const company = await world.companies.open({ switches: { latency: 100 } });
    const answers = await Promise.all(
      [0, 1, 2, 3, 4].map((n) =>
        (n % 2 ? other : world.service).api<Problem>('POST', '/api/connections', wish(company)),
      ),
    );
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(4);
    expect(attempts(company)).toEqual([1, 0]);
  });

  it('asked for five times at once with a wrong password costs what one costs', async () => {
    const company = await world.companies.open({ switches: { latency: 100 } });
    const body = wish(company, { secret: 'wrong' });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => world.api<Problem>('POST', '/api/connections', body)),
    );
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set(['crm-credentials-refused']));
    expect(attempts(company)).toEqual([1, 1]);
  });

  it('can be connected by somebody else when who was at it has died', async () => {
    const company = await world.companies.open();
    await world.rows(
      `insert into connecting values ('simplybook', $1, gen_random_uuid(), now() - interval '1 second')`,
      [company.account.company],
    );
    expect((await world.connect(company)).status).toBe('connected');
  });
});

describe('a user with an authenticator app', () => {
  const open = (): Promise<Company> =>
    world.companies.open({ clients: 3, clean: true, switches: { twoFactor: 'empty-token' } });

  it('is connected with its secret, and logs in unattended from then on', async () => {
    const company = await open();
    const { totpSecret } = company.account;
    const asShown = totpSecret.toLowerCase().replaceAll(/(.{4})/g, '$1 ');
    const connection = await world.connect(company, { totpSecret: asShown });
    company.faults.set({ refreshRefused: true });
    company.auth.expireTokens();
    company.auth.forgetUsedCodes();
    await world.rows('update connection_secrets set totp_step = 1 where connection_id = $1', [connection.id]);
    expect((await world.sync(connection)).status).toBe('succeeded');
    expect(company.requests.summary().secondFactors).toEqual({ ok: 2, failed: 0 });
  });

  it('marks the code that connecting has used', async () => {
    const company = await open();
    const step = (): number => Math.floor(Date.now() / 30_000);
    const before = step();
    const { id } = await world.connect(company, { totpSecret: company.account.totpSecret });
    const [row] = await world.rows<{ step: string }>(
      'select totp_step as step from connection_secrets where connection_id = $1',
      [id],
    );
    expect(Number(row?.step)).toBeGreaterThanOrEqual(before);
    expect(Number(row?.step)).toBeLessThanOrEqual(step());
  });

  it('keeps its secret with a new password, unless it is taken away', async () => {
    const company = await open();
    const { totpSecret, password } = company.account;
    const connection = await world.connect(company, { totpSecret });
    company.auth.forgetUsedCodes();
    await world.rows('update connection_secrets set totp_step = 1 where connection_id = $1', [connection.id]);
    expect((await replace(connection, { secret: password })).status).toBe(200);
    const without = await replace(connection, { secret: password, totpSecret: null });
    expect([without.status, without.code]).toEqual([422, 'crm-two-factor-required']);
  });

  it.each(['', 'no base32 at all!', 'JBSWY3DP', 12345678])(
    'is not connected with %j for a secret',
    async (totpSecret) => {
      const company = await open();
      const answer = await world.api<Problem>('POST', '/api/connections', wish(company, { totpSecret }));
      expect([answer.status, answer.body.errors?.[0]?.pointer]).toEqual([400, '/totpSecret']);
      expect(company.requests.summary().total).toBe(0);
    },
  );

  it('without the secret needs attention after exactly one attempt, said once', async () => {
    const { company, connection } = await world.connected({ clients: 1 });
    company.faults.set({ twoFactor: 'no-token', refreshRefused: true });
    company.auth.expireTokens();
    company.requests.clear();
    for (let times = 0; times < 3; times += 1)
      expect((await sync(connection)).code).toBe('crm-two-factor-required');
    expect(attempts(company)).toEqual([1, 0]);
    expect(await attentionEvents(connection)).toHaveLength(1);
    const mended = await replace(connection, { secret: company.account.apiUserKey });
    expect(mended.body).toMatchObject({ status: 'connected', attention: null });
    expect((await world.sync(connection)).success).toBe(true);
  });
});

describe('a password that was changed in the CRM', () => {
  it('costs one attempt in five minutes, whoever asks on whatever instance', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    locksOut(company);
    const first = await sync(connection);
    expect([first.status, first.code]).toEqual([502, 'crm-credentials-refused']);
    expect(attempts(company)).toEqual([1, 1]);
    for (const service of [world.service, other, world.service]) {
      const { code, body } = await sync(connection, service);
      expect([code, body.detail]).toEqual([
        'crm-credentials-refused',
        expect.stringMatching(/Not tried again before/),
      ]);
    }
    const { ok, way, checks } = await test(connection, other);
    expect([ok, way, checks.length]).toEqual([false, null, 1]);
    expect(checks[0]?.answered).toMatch(/refused the login.*Not tried again before \d\d:\d\d:\d\d UTC/);
    expect(attempts(company)).toEqual([1, 1]);
  });

  it('is said once: one event, one status, one line in the log', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    locksOut(company);
    for (let times = 0; times < 3; times += 1) await sync(connection);
    expect(await one(connection)).toMatchObject({
      status: 'needs-attention',
      attention: {
        code: 'crm-credentials-refused',
        detail: expect.stringMatching(/login or secret are wrong/),
      },
    });
    expect(await attentionEvents(connection)).toHaveLength(1);
    expect(logged(connection, 'the connection needs attention')).toBe(1);
  });

  it('is tried again when the five minutes are over', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    const { password } = company.account;
    locksOut(company);
    await sync(connection);
    company.account.password = password;
    await world.rows(
      `update login_refusals set held_until = now() - interval '1 second' where connection_id = $1`,
      [connection.id],
    );
    expect((await world.sync(connection)).status).toBe('succeeded');
    expect((await one(connection)).status).toBe('connected');
  });

  it('once replaced is used at once, and work goes on where it was', async () => {
    const { company, connection } = await world.connected({
      clients: 25,
      switches: { onPageCap: 10, expireAfter: 2 },
    });
    company.account.password = `${company.account.password} (changed)`;
    company.faults.set({ refreshRefused: true });
    const failed = await sync(connection);
    expect([failed.status, failed.code]).toEqual([502, 'crm-credentials-refused']);
    company.faults.set({ expireAfter: 0 });
    const { password: secret } = company.account;
    expect((await replace(connection, { secret })).body).toMatchObject({
      status: 'connected',
      attention: null,
    });
    expect((await world.sync(connection)).stats).toMatchObject({
      clients_fetched: 25,
      leads_unchanged: 20,
      leads_created: 5,
    });
    expect(
      await world.all<LogEvent>(`/api/events?stream=connection-${connection.id}&type=CrmRecovered`),
    ).toHaveLength(1);
  });

  it('is not sent by PUT either while it is the one that was refused', async () => {
    const { company, connection } = await world.connected();
    const { password: secret } = company.account;
    locksOut(company);
    await sync(connection);
    const answer = await replace(connection, { secret });
    expect([answer.status, answer.code]).toEqual([422, 'crm-credentials-refused']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(200);
    expect(attempts(company)).toEqual([1, 1]);
  });

  it('that works again in a test needs no attention any more', async () => {
    const { company, connection } = await world.connected();
    const { password } = company.account;
    locksOut(company);
    await sync(connection);
    company.account.password = password;
    await world.rows(`update login_refusals set held_until = now() where connection_id = $1`, [
      connection.id,
    ]);
    expect((await test(connection)).ok).toBe(true);
    expect(await one(connection)).toMatchObject({ status: 'connected', attention: null });
  });

  it('that has locked the login is left alone for as long as the lock lasts', async () => {
    const { company, connection } = await world.connected({ switches: { lockoutAfter: 1 } });
    company.faults.set({ troubles: [{ kind: 'too-many', on: 'login' }], refreshRefused: true });
    company.auth.expireTokens();
    company.requests.clear();
    const [begun] = await world.rows<{ at: string }>('select clock_timestamp()::text as at');
    expect((await sync(connection)).code).toBe('crm-locked-out');
    const [row] = await world.rows<{ lasts: boolean }>(
      `select held_until between $2::timestamptz + interval '10 minutes' and clock_timestamp() + interval '10 minutes' as lasts
         from login_refusals where connection_id = $1`,
      [connection.id, begun?.at],
    );
    expect(row).toEqual({ lasts: true });
    for (let times = 0; times < 2; times += 1) expect((await sync(connection)).code).toBe('crm-locked-out');
    expect(attempts(company)).toEqual([1, 0]);
  });
});

describe('a connection that worked', () => {
  it.each<[Partial<Switches>, string]>([
    [{ login: 'blocked' }, 'crm-user-blocked'],
    [{ login: 'hipaa' }, 'crm-api-not-allowed'],
    [{ login: 'api-off' }, 'crm-api-feature-off'],
    [{ login: 'confirm-ip' }, 'crm-address-unconfirmed'],
    [{ wrongRegion: true }, 'crm-wrong-region'],
    [{ wrongRegion: true, restMissing: true }, 'crm-wrong-region'],
    [{ accessDenied: true }, 'crm-permission-denied'],
  ])('and meets %j needs a person: %s, by one attempt at most', async (switches, code) => {
    const { company, connection } = await world.connected({ clients: 2, domain: 'simplybook.it' });
    if (code === 'crm-wrong-region') company.account.domain = 'simplybook.asia';
    company.auth.expireTokens();
    company.faults.set({ refreshRefused: true, ...switches });
    company.requests.clear();
    for (let times = 0; times < 3; times += 1) expect((await sync(connection)).code).toBe(code);
    expect(await one(connection)).toMatchObject({ status: 'needs-attention', attention: { code } });
    expect(await attentionEvents(connection)).toHaveLength(1);
    const [rest, rpc] = attempts(company);
    expect(rest + rpc).toBe(1);
  });

  it('by JSON-RPC and whose user may see nothing any more costs one more login, not one each run', async () => {
    const { company, connection } = await world.connected({ clients: 2, switches: { restMissing: true } });
    await world.sync(connection);
    company.faults.set({ accessDenied: true });
    company.requests.clear();
    for (let times = 0; times < 3; times += 1)
      expect((await sync(connection)).code).toBe('crm-permission-denied');
    expect(attempts(company)).toEqual([0, 1]);
    expect(await attentionEvents(connection)).toHaveLength(1);
  });
});

describe('one connection on two instances', () => {
  it('survives the one that is killed while it refreshes: the refresh token is not sent again, one login follows', async () => {
    const company = await world.companies.open({ clients: 3, clean: true });
    const database = await freshDatabase();
    const { url: restUrl, rpcUrl } = world.companies;
    const begin = () => startService({ databaseUrl: database.url, restUrl, rpcUrl });
    const victim = await begin();
    const { body: connection } = await victim.api<Connection>('POST', '/api/connections', wish(company));
    company.auth.expireTokens();
    company.requests.clear();
    company.faults.set({ troubles: [{ kind: 'hang', on: 'refresh' }] });
    const headers = { prefer: 'respond-async' };
    await victim.api('POST', `/api/connections/${connection.id}/sync`, undefined, headers);
    while (company.requests.summary().byRoute.refresh === undefined) await pause(10);
    await victim.kill();
    // As if the dead had been silent for long enough.
    const sql = new Client({ connectionString: database.url });
    await sql.connect();
    await sql.query("update jobs.job set state = 'retry', start_after = now() where state = 'active'");
    await sql.query("update connection_secrets set token_lease_until = now() - interval '1 second'");
    await sql.end();
    const next = await begin();
    const { body } = await next.api<SyncAnswer>('POST', `/api/connections/${connection.id}/sync`);
    expect(body.stats).toMatchObject({ clients_fetched: 3 });
    expect(company.requests.summary().byRoute.refresh).toBe(1);
    expect(attempts(company)).toEqual([1, 0]);
    await next.stop();
    await database.drop();
  });

  it('is tested by six at once with one login', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    company.faults.set({ latency: 300 });
    company.requests.clear();
    const reports = await Promise.all(
      [0, 1, 2, 3, 4, 5].map((n) => test(connection, n % 2 ? other : world.service)),
    );
    expect(reports.every(({ ok }) => ok)).toBe(true);
    expect(attempts(company)).toEqual([1, 0]);
  });

  it('is tested and synced at once while its password is wrong with one attempt', async () => {
    const { company, connection } = await world.connected({ clients: 2 });
    locksOut(company);
    company.faults.set({ latency: 100 });
    await Promise.all([test(connection, other), sync(connection), test(connection), sync(connection, other)]);
    expect(attempts(company)).toEqual([1, 1]);
    expect(await attentionEvents(connection)).toHaveLength(1);
  });
});

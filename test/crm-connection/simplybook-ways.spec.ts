import { describe, expect, it } from '@jest/globals';
import type { Switches } from '../../sandbox/faults.ts';
import type { SandboxOptions } from '../../sandbox/sandbox.ts';
import type { CrmAccount } from '../../src/modules/crm-connection/crm-provider.ts';
import { idsIn, meetBoth, refusalOf, sorted, type Meeting } from './simplybook.ts';

type Secret = 'password' | 'key' | 'wrong';

/** Meets a company, and signs in with this secret. */
const withSecret = async (
  switches: Partial<Switches>,
  secret: Secret = 'password',
  options: Partial<SandboxOptions> = {},
): Promise<Meeting> => {
  const meeting = await meetBoth({ clients: 120, switches, ...options });
  const { password, apiUserKey } = meeting.sandbox.account;
  const account: CrmAccount = {
    ...meeting.account,
    secret: { password, key: apiUserKey, wrong: 'a guess' }[secret],
  };
  meeting.session.account = account;
  return {
    ...meeting,
    account,
    signIn: (changes = {}) => meeting.signIn({ secret: account.secret, ...changes }),
  };
};

/** Attempts to log in, right or wrong, by REST and by JSON-RPC. */
const attempts = ({ sandbox }: Meeting): [number, number] => {
  const { logins, rpcLogins } = sandbox.requests.summary();
  return [logins.ok + logins.failed, rpcLogins.ok + rpcLogins.failed];
};

describe('The way in', () => {
  it.each<[string, Partial<Switches>, Secret, string, [number, number]]>([
    ['REST with the password', {}, 'password', 'rest', [1, 0]],
    ['REST with the API User Key', {}, 'key', 'rest', [1, 0]],
    ['REST, although JSON-RPC is missing', { rpcMissing: true }, 'password', 'rest', [1, 0]],
    [
      'the token of JSON-RPC on REST, where REST refuses the key',
      { login: 'key-refused' },
      'key',
      'rpc-token',
      [1, 1],
    ],
    [
      'JSON-RPC, where REST takes neither key nor token',
      { login: 'key-refused', rpcTokenOnRest: false },
      'key',
      'rpc',
      [1, 1],
    ],
    ['JSON-RPC, where REST is missing', { restMissing: true }, 'password', 'rpc', [1, 1]],
    ['JSON-RPC by the key, where REST is missing', { restMissing: true }, 'key', 'rpc', [1, 1]],
    [
      'JSON-RPC with the token of REST, which REST refuses',
      { restRefusesTokens: true },
      'password',
      'rpc',
      [1, 0],
    ],
    [
      'JSON-RPC with its own token, where those of REST open nothing',
      { restRefusesTokens: true, restTokenOnRpc: false },
      'password',
      'rpc',
      [1, 1],
    ],
    [
      'JSON-RPC that wants the one header',
      { restMissing: true, rpcHeader: 'x-user-token' },
      'key',
      'rpc',
      [1, 1],
    ],
    [
      'JSON-RPC that wants the other header',
      { restMissing: true, rpcHeader: 'x-token' },
      'key',
      'rpc',
      [1, 1],
    ],
    ['JSON-RPC that wants the slash', { restMissing: true, rpcSlash: 'wanted' }, 'key', 'rpc', [1, 1]],
  ])('is %s: everybody is listed, and nobody logs in again', async (_, switches, secret, way, logins) => {
    const meeting = await withSecret(switches, secret);
    for (let times = 0; times < 2; times += 1) {
      const { ids, end } = await meeting.list();
      expect(sorted(ids)).toEqual(idsIn(meeting.sandbox));
      expect(end).toEqual({ complete: true });
    }
    expect((await meeting.session.tokens.current())?.way).toBe(way);
    expect(attempts(meeting)).toEqual(logins);
  });

  it.each<[Partial<Switches>, Secret, [number, number]]>([
    [{ login: 'key-refused' }, 'key', [0, 1]],
    [{ restMissing: true }, 'password', [0, 1]],
    [{}, 'password', [0, 0]],
  ])(
    'is remembered: with %j an expired token costs what that way costs, no more',
    async (switches, secret, logins) => {
      const meeting = await withSecret(switches, secret);
      await meeting.list();
      meeting.sandbox.auth.expireTokens();
      meeting.sandbox.requests.clear();
      expect((await meeting.list()).end).toEqual({ complete: true });
      expect(attempts(meeting)).toEqual(logins);
    },
  );

  it('to clients that REST has lost is JSON-RPC, with the token of REST', async () => {
    const meeting = await withSecret({ troubles: [{ kind: 'html', value: 404, on: 'clients' }] });
    expect((await meeting.list()).end).toEqual({ complete: true });
    expect([attempts(meeting), (await meeting.session.tokens.current())?.way]).toEqual([[1, 0], 'rpc']);
  });

  it('is known after the login already: whether REST takes the token of JSON-RPC is asked, not found out by another login', async () => {
    const taking = await withSecret({ login: 'key-refused' }, 'key');
    const refusing = await withSecret({ login: 'key-refused', rpcTokenOnRest: false }, 'key');
    const ways = [(await taking.signIn()).way, (await refusing.signIn()).way];
    expect(ways).toEqual(['rpc-token', 'rpc']);
  });

  it('is looked for anew when the remembered one is gone', async () => {
    const meeting = await withSecret({ restMissing: true });
    await meeting.list();
    meeting.sandbox.auth.expireTokens();
    meeting.sandbox.faults.set({ restMissing: false, rpcMissing: true });
    expect((await meeting.list()).end).toEqual({ complete: true });
    expect((await meeting.session.tokens.current())?.way).toBe('rest');
  });

  it('never changes in the middle of a list: two lists are not mixed', async () => {
    const meeting = await withSecret({
      onPageCap: 50,
      troubles: [{ kind: 'html', value: 404, on: 'clients', page: 2 }],
    });
    expect(await refusalOf(meeting.list())).toMatchObject({ code: 'crm-answer-unusable' });
    expect(meeting.sandbox.requests.summary().byRoute['rpc-clients']).toBeUndefined();
  });

  it('is not JSON-RPC when REST has an outage: that is no reason to hand out the secret once more', async () => {
    const meeting = await withSecret({ troubles: [{ kind: 'status', value: 503, on: 'login' }] });
    expect(await refusalOf(meeting.signIn())).toMatchObject({ code: 'crm-unreachable' });
    expect(attempts(meeting)).toEqual([2, 0]);
  });

  it('ends where REST alone was pointed elsewhere: a secret meant for one place goes to no other', async () => {
    const { sandbox, signIn } = await meetBoth({ switches: { restMissing: true } }, { rpcUrl: null });
    expect(await refusalOf(signIn())).toMatchObject({ code: 'crm-company-unknown' });
    expect(sandbox.requests.summary().total).toBe(1);
  });
});

describe('No way in', () => {
  it.each<[string, Partial<Switches>, Secret, string, [number, number]]>([
    ['a wrong secret', {}, 'wrong', 'crm-credentials-refused', [1, 1]],
    [
      'a wrong secret where JSON-RPC is missing',
      { rpcMissing: true },
      'wrong',
      'crm-credentials-refused',
      [1, 1],
    ],
    [
      'a wrong secret where REST is missing',
      { restMissing: true },
      'wrong',
      'crm-credentials-refused',
      [1, 1],
    ],
    ['a blocked user', { login: 'blocked' }, 'password', 'crm-user-blocked', [1, 0]],
    ['HIPAA mode', { login: 'hipaa' }, 'password', 'crm-api-not-allowed', [1, 0]],
    ['the custom feature that is off', { login: 'api-off' }, 'password', 'crm-api-feature-off', [1, 0]],
    ['an address to confirm', { login: 'confirm-ip' }, 'password', 'crm-address-unconfirmed', [1, 0]],
    ['a login that is forbidden', { login: 'not-allowed' }, 'password', 'crm-api-not-allowed', [1, 0]],
    ['a second factor', { twoFactor: 'empty-token' }, 'password', 'crm-two-factor-required', [1, 0]],
    [
      'a blocked user whom REST calls a wrong password',
      { login: 'blocked', loginTells: 'nothing' },
      'password',
      'crm-user-blocked',
      [1, 1],
    ],
    [
      'HIPAA mode that REST calls a wrong password',
      { login: 'hipaa', loginTells: 'nothing' },
      'password',
      'crm-api-not-allowed',
      [1, 1],
    ],
    [
      'a feature that is off and that REST calls a wrong password',
      { login: 'api-off', loginTells: 'nothing' },
      'key',
      'crm-api-feature-off',
      [1, 1],
    ],
    [
      'HIPAA mode where REST is missing',
      { login: 'hipaa', restMissing: true },
      'key',
      'crm-api-not-allowed',
      [1, 1],
    ],
    ['neither API', { restMissing: true, rpcMissing: true }, 'key', 'crm-company-unknown', [1, 0]],
  ])('through %s', async (_, switches, secret, code, logins) => {
    const meeting = await withSecret(switches, secret);
    expect(await refusalOf(meeting.signIn())).toMatchObject({ code });
    const [rest, rpc] = attempts(meeting);
    expect([rest, rpc]).toEqual(switches.rpcMissing === true ? [rest, rpc] : logins);
    expect(rest + rpc).toBeLessThanOrEqual(2);
  });

  it('and the words of JSON-RPC are never repeated', async () => {
    const body = '{"error":{"code":-33003,"message":"canary-answer","data":["canary"]},"id":1}';
    const meeting = await withSecret({
      restMissing: true,
      troubles: [{ kind: 'body', on: 'rpc-login', value: body }],
    });
    const refusal = await refusalOf(meeting.signIn({ secret: 'canary-secret' }));
    expect(refusal.code).toBe('crm-credentials-refused');
    expect(JSON.stringify([refusal, refusal.message, refusal.stack, refusal.cause])).not.toMatch(
      /canary|127\.0\.0\.1/,
    );
  });

  it.each([
    ['rate-limit', undefined],
    ['status', 503],
    ['hang', undefined],
    ['body', '{"result":""}'],
    ['body', '{"result":{"token":"x"}}'],
    ['html', 200],
  ] as const)(
    'through JSON-RPC that answers nothing useful (%s %s): asked once, what REST said is told',
    async (kind, value) => {
      const trouble = { kind, on: 'rpc-login', ...(value === undefined ? {} : { value }) } as const;
      const deadline = kind === 'hang' ? { answerWithinMs: 1_500 } : {};
      const meeting = await meetBoth({ switches: { troubles: [trouble] } }, deadline);
      expect(await refusalOf(meeting.signIn({ secret: 'wrong' }))).toMatchObject({
        code: 'crm-credentials-refused',
      });
      expect(meeting.sandbox.requests.summary().byRoute['rpc-login']).toBe(1);
    },
  );

  it('while the login is locked: one question, no second way', async () => {
    const meeting = await withSecret({ lockoutAfter: 1 }, 'wrong');
    for (let times = 0; times < 2; times += 1) await refusalOf(meeting.signIn());
    meeting.sandbox.requests.clear();
    expect(await refusalOf(meeting.signIn())).toMatchObject({ code: 'crm-locked-out' });
    expect(attempts(meeting)).toEqual([1, 0]);
  });

  it('when the second attempt is the one that locks', async () => {
    const meeting = await withSecret({ lockoutAfter: 1 }, 'wrong');
    await refusalOf(meeting.signIn({ secret: 'another guess' }));
    const refusal = await refusalOf(meeting.signIn());
    expect(refusal).toMatchObject({ code: 'crm-locked-out', details: { retryAfter: 600 } });
  });

  it.each(['json', 'html'] as const)(
    'for a company that nobody knows (told as %s): its name is asked about, the secret is not sent again',
    async (unknownCompany) => {
      const meeting = await withSecret({ unknownCompany });
      expect(await refusalOf(meeting.signIn({ company: 'nosuchstudio' }))).toMatchObject({
        code: 'crm-company-unknown',
      });
      expect(attempts(meeting)).toEqual([1, 0]);
      expect(meeting.sandbox.requests.summary().byRoute['rpc-service-url']).toBe(1);
    },
  );

  it.each<Partial<Switches>>([
    { unknownCompany: 'json' },
    { unknownCompany: 'html' },
    { serviceUrl: 'url' },
    { serviceUrl: 'api-url', restMissing: true },
  ])(
    'in the wrong region, told as %j: the right one is named, the secret is not sent there',
    async (switches) => {
      const meeting = await withSecret({ wrongRegion: true, ...switches }, 'password', {
        domain: 'simplybook.it',
      });
      const refusal = await refusalOf(meeting.signIn({ domain: 'simplybook.me' }));
      expect(refusal).toMatchObject({
        kind: 'unprocessable',
        code: 'crm-wrong-region',
        message: expect.stringMatching(
          /does not live on simplybook\.me but on simplybook\.it\..*"domain": "simplybook\.it"/,
        ),
        details: { members: { domain: 'simplybook.it' } },
      });
      expect(attempts(meeting)).toEqual([1, 0]);
    },
  );

  it('in a region that is none of SimplyBook.me’s: it is not even named', async () => {
    const meeting = await withSecret({ wrongRegion: true }, 'password', { domain: 'evil.example' });
    const refusal = await refusalOf(meeting.signIn({ domain: 'simplybook.me' }));
    expect(refusal.code).toBe('crm-company-unknown');
    expect(refusal.message).not.toContain('evil');
  });

  it.each<[string, Partial<Switches>]>([
    ['REST', {}],
    ['the token of JSON-RPC', { login: 'key-refused' }],
    ['JSON-RPC', { restMissing: true }],
  ])('to the clients for a user who may log in by %s and see nothing', async (_, switches) => {
    const meeting = await withSecret({ accessDenied: true, ...switches }, 'key');
    expect(await refusalOf(meeting.list())).toMatchObject({
      kind: 'unprocessable',
      code: 'crm-permission-denied',
      message: expect.stringContaining('Connect an administrator'),
    });
    const [rest, rpc] = attempts(meeting);
    expect(rest + rpc).toBeLessThanOrEqual(2);
  });

  it.each<[string, Partial<Switches>, string]>([
    ['refuses its own tokens', { restRefusesTokens: true }, 'crm-permission-denied'],
    [
      'has lost its clients',
      { troubles: [{ kind: 'html', value: 404, on: 'clients' }] },
      'crm-answer-unusable',
    ],
  ])('where REST %s and JSON-RPC is missing: what REST said is told', async (_, switches, code) => {
    const meeting = await withSecret({ rpcMissing: true, ...switches });
    expect(await refusalOf(meeting.list())).toMatchObject({ code });
  });

  it('where REST and JSON-RPC both refuse the tokens they have just given out', async () => {
    const meeting = await withSecret({ tokenSeconds: 0 });
    expect(await refusalOf(meeting.list())).toMatchObject({ code: 'crm-permission-denied' });
    expect(attempts(meeting)).toEqual([1, 1]);
  });
});

describe('The domain that the login tells', () => {
  it.each<[Partial<Switches>, string]>([
    [{}, 'simplybook.it'],
    [{ tokenDomain: 'null' }, 'simplybook.me'],
    [{ tokenDomain: 'absent' }, 'simplybook.me'],
    [{ tokenDomain: 'foreign' }, 'simplybook.me'],
  ])('with %j is followed to %s', async (switches, domain) => {
    const { signIn } = await withSecret(switches, 'password', { domain: 'simplybook.it' });
    expect(await signIn({ domain: 'simplybook.me' })).toMatchObject({ domain });
  });
});

describe('A second factor', () => {
  const withApp = async (switches: Partial<Switches> = {}, totpMs = 30_000): Promise<Meeting> => {
    const meeting = await meetBoth(
      { clients: 3, switches: { twoFactor: 'empty-token', totpSeconds: totpMs / 1000, ...switches } },
      { totpMs },
    );
    const { totpSecret } = meeting.sandbox.account;
    meeting.session.account = { ...meeting.account, totpSecret };
    return { ...meeting, signIn: (changes = {}) => meeting.signIn({ totpSecret, ...changes }) };
  };

  const codes = ({ sandbox }: Meeting): unknown => sandbox.requests.summary().secondFactors;

  it.each<Partial<Switches>>([{}, { twoFactor: 'no-token' }, { twoFactorBy: 'not-told' }])(
    'is given unattended where the secret of the app is known (%j)',
    async (switches) => {
      const meeting = await withApp(switches);
      const { ids, end } = await meeting.list();
      expect([ids.length, end]).toEqual([3, { complete: true }]);
      expect([attempts(meeting), codes(meeting)]).toEqual([[1, 0], { ok: 1, failed: 0 }]);
    },
  );

  it('is not asked for with an API User Key', async () => {
    const meeting = await withApp();
    await meeting.signIn({ secret: meeting.sandbox.account.apiUserKey });
    expect(codes(meeting)).toEqual({ ok: 0, failed: 0 });
  });

  it('is never given twice by the same code: the second login waits for the next one', async () => {
    const meeting = await withApp({}, 1_000);
    await meeting.signIn();
    await meeting.signIn();
    expect(codes(meeting)).toEqual({ ok: 2, failed: 0 });
  });

  it('whose answer is lost is given once more, by another code', async () => {
    const meeting = await withApp({ troubles: [{ kind: 'lost', on: 'two-factor', times: 1 }] }, 1_000);
    await expect(meeting.signIn()).resolves.toMatchObject({ way: 'rest' });
    expect(codes(meeting)).toEqual({ ok: 2, failed: 0 });
  });

  it('is given in time also to a server that lets no other window pass', async () => {
    const meeting = await withApp({ totpSkew: 0 }, 2_000);
    for (let times = 0; times < 3; times += 1) await meeting.signIn();
    expect(codes(meeting)).toEqual({ ok: 3, failed: 0 });
  });

  it('that meets a web page is not called wrong', async () => {
    const meeting = await withApp({ troubles: [{ kind: 'html', on: 'two-factor' }] });
    expect(await refusalOf(meeting.signIn())).toMatchObject({ code: 'crm-answer-unusable' });
  });

  it('that is refused is not tried again, and the sentence names secret and clock', async () => {
    const meeting = await withApp();
    const refusal = await refusalOf(meeting.signIn({ totpSecret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }));
    expect(refusal).toMatchObject({ kind: 'unprocessable', code: 'crm-two-factor-refused' });
    expect(refusal.message).toMatch(/totpSecret.*clock/);
    expect(refusal.message).not.toContain('GEZDGNBV');
    expect(codes(meeting)).toEqual({ ok: 0, failed: 1 });
  });

  it('without the secret of the app is refused with the three ways out', async () => {
    const meeting = await withApp();
    const refusal = await refusalOf(meeting.signIn({ totpSecret: null }));
    expect(refusal.code).toBe('crm-two-factor-required');
    expect(refusal.message).toMatch(/API User Key.*totpSecret.*switch two-factor login off/);
    expect(attempts(meeting)).toEqual([1, 0]);
  });

  it('by text message only is refused, and says so', async () => {
    const meeting = await withApp({ twoFactorBy: 'sms' });
    const refusal = await refusalOf(meeting.signIn());
    expect(refusal).toMatchObject({ code: 'crm-two-factor-required' });
    expect(refusal.message).toMatch(/text message/);
    expect(codes(meeting)).toEqual({ ok: 0, failed: 0 });
  });

  it('that locks the login says so', async () => {
    const meeting = await withApp({ lockoutAfter: 1 });
    for (let times = 0; times < 2; times += 1) await refusalOf(meeting.signIn({ secret: 'a guess' }));
    expect(await refusalOf(meeting.signIn())).toMatchObject({ code: 'crm-locked-out' });
  });
});

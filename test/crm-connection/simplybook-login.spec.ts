import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { callerOf, closeAfterTest, meet, never, refusalOf } from './simplybook.ts';

describe('Logging in to SimplyBook.me', () => {
  it('brings a token, a refresh token and the domain of the company', async () => {
    const { signIn } = await meet({ domain: 'simplybook.it' });
    const token = await signIn({ domain: 'simplybook.me' });
    expect(token).toMatchObject({
      token: expect.stringMatching(/^[0-9a-f]{64}$/),
      refreshToken: expect.stringMatching(/^[0-9a-f]{64}$/),
      domain: 'simplybook.it',
    });
  });

  it('keeps the domain that was given when the answer names one that is not SimplyBook.me’s', async () => {
    const { signIn } = await meet({ domain: 'evil.example' });
    expect(await signIn({ domain: 'simplybook.it' })).toMatchObject({ domain: 'simplybook.it' });
  });

  it('accepts an API User Key in place of the password', async () => {
    const { signIn, sandbox } = await meet();
    await expect(signIn({ secret: sandbox.account.apiUserKey })).resolves.toBeDefined();
  });

  it('writes the company in lower case, as SimplyBook.me wants it', async () => {
    const { signIn } = await meet();
    await expect(signIn({ company: 'AcmeStudio' })).resolves.toBeDefined();
  });

  it.each([
    ['a wrong password', { secret: 'wrong' }, {}, 'crm-credentials-refused'],
    ['a wrong login', { login: 'nobody@example.com' }, {}, 'crm-credentials-refused'],
    ['a blocked user', {}, { login: 'blocked' }, 'crm-user-blocked'],
    ['an IP address that waits for confirmation', {}, { login: 'confirm-ip' }, 'crm-address-unconfirmed'],
    ['a company that does not exist', { company: 'nosuchstudio' }, {}, 'crm-company-unknown'],
    [
      'a company on another domain, told by a web page',
      { company: 'nosuchstudio' },
      { unknownCompany: 'html' },
      'crm-company-unknown',
    ],
    ['a role without the API', {}, { login: 'not-allowed' }, 'crm-api-not-allowed'],
    ['a company without the custom feature', {}, { login: 'api-off' }, 'crm-api-feature-off'],
    ['HIPAA mode', {}, { login: 'hipaa' }, 'crm-api-not-allowed'],
    ['a second factor', {}, { twoFactor: 'empty-token' }, 'crm-two-factor-required'],
    ['a second factor without a token field', {}, { twoFactor: 'no-token' }, 'crm-two-factor-required'],
  ] as const)('refuses %s after exactly one attempt', async (_case, changes, switches, code) => {
    const { signIn, sandbox } = await meet({ switches });
    const refusal = await refusalOf(signIn(changes));
    expect(refusal).toMatchObject({ kind: 'unprocessable', code });
    expect(sandbox.requests.summary().total).toBe(1);
  });

  it('does not take the words of a web page for those of SimplyBook.me', async () => {
    const body = '<html><body>You have been blocked. Is HIPAA on? Please confirm it by e-mail.</body></html>';
    const server = createServer((_req, res) => {
      res.writeHead(403, { 'content-type': 'text/html' }).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closeAfterTest(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { account } = await meet();
    const refusal = await refusalOf(callerOf(`http://127.0.0.1:${port}`, account).signIn());
    expect(refusal).toMatchObject({
      code: 'crm-api-not-allowed',
      message: expect.stringContaining('not say why'),
    });
  });

  it('tells a lock-out from wrong credentials and says when to come back', async () => {
    const { signIn, sandbox } = await meet({ switches: { lockoutAfter: 1 } });
    await refusalOf(signIn({ secret: 'wrong' }));
    await refusalOf(signIn({ secret: 'wrong' }));
    const refusal = await refusalOf(signIn());
    expect(refusal).toMatchObject({ code: 'crm-locked-out', details: { retryAfter: 600 } });
    expect(sandbox.requests.summary().total).toBe(3);
  });

  it.each(['lost', 'reset', 'truncate', 'cut', 'gzip-garbage', 'status'] as const)(
    'tries once more, and not again, when the answer meets "%s"',
    async (kind) => {
      const { signIn, sandbox } = await meet({ switches: { troubles: [{ kind, on: 'login', times: 1 }] } });
      await expect(signIn()).resolves.toBeDefined();
      sandbox.faults.set({ troubles: [{ kind, on: 'login' }] });
      sandbox.requests.clear();
      const refusal = await refusalOf(signIn());
      expect(refusal.kind).toBe('bad-gateway');
      expect(sandbox.requests.summary().total).toBe(2);
    },
  );

  it('does not wait twice for a server that never answers', async () => {
    const { signIn, sandbox } = await meet(
      { switches: { troubles: [{ kind: 'hang' }] } },
      { answerWithinMs: 1_500 },
    );
    expect(await refusalOf(signIn())).toMatchObject({ code: 'crm-unreachable' });
    expect(sandbox.requests.summary().total).toBe(1);
  });

  it('is unreachable when nobody listens', async () => {
    const { signIn, sandbox } = await meet();
    await sandbox.close();
    expect(await refusalOf(signIn())).toMatchObject({ kind: 'bad-gateway', code: 'crm-unreachable' });
  });

  it('takes a redirect for a wrong address and does not follow it', async () => {
    const elsewhere = await meet();
    const { signIn } = await meet({
      switches: { troubles: [{ kind: 'redirect', value: `${elsewhere.sandbox.url}/admin/auth` }] },
    });
    expect(await refusalOf(signIn())).toMatchObject({ code: 'crm-company-unknown' });
    expect(elsewhere.sandbox.requests.summary().total).toBe(0);
  });

  it('does not log in again when it is asked to slow down', async () => {
    const { signIn, sandbox } = await meet({ switches: { troubles: [{ kind: 'rate-limit', value: 17 }] } });
    expect(await refusalOf(signIn())).toMatchObject({
      code: 'crm-rate-limited',
      details: { retryAfter: 17 },
    });
    expect(sandbox.requests.summary().total).toBe(1);
  });

  it('takes an answer without a token for unusable', async () => {
    const { signIn } = await meet({ switches: { troubles: [{ kind: 'body', value: '{"token":""}' }] } });
    expect(await refusalOf(signIn())).toMatchObject({ code: 'crm-answer-unusable' });
  });

  it('never repeats the secret, the login or the answer in a refusal', async () => {
    const body = '{"code":400,"message":"canary-answer","data":[],"message_data":[]}';
    const { signIn, account } = await meet({ switches: { troubles: [{ kind: 'body', value: body }] } });
    const refusal = await refusalOf(signIn({ secret: 'canary-secret' }));
    const told = JSON.stringify([refusal, refusal.message, refusal.stack, refusal.cause]);
    expect(told).not.toMatch(/canary/);
    expect(told).not.toContain(account.login);
    expect(told).not.toContain('127.0.0.1');
  });

  it('ends at once when it is aborted', async () => {
    const { provider, session } = await meet({ switches: { troubles: [{ kind: 'hang' }] } });
    const abort = new AbortController();
    const signIn = provider.signIn(session, abort.signal);
    abort.abort(new Error('stop'));
    await expect(signIn).rejects.toThrow('stop');
  });

  it('waits for its turn before it sends anything', async () => {
    const { provider, session, sandbox } = await meet();
    const noTurn = (): Promise<void> => Promise.reject(new Error('not yet'));
    await expect(provider.signIn({ ...session, pace: noTurn }, never)).rejects.toThrow('not yet');
    expect(sandbox.requests.summary().total).toBe(0);
  });
});

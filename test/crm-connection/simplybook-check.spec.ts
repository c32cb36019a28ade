import { describe, expect, it } from '@jest/globals';
import { meet, never } from './simplybook.ts';

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

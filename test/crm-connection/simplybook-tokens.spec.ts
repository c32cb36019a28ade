import { describe, expect, it } from '@jest/globals';
import type { CrmToken } from '../../src/modules/crm-connection/crm-provider.ts';
import { TransientTokens } from './transient-tokens.ts';
import { idsIn, meet, never, refusalOf, sorted, type Meeting } from './simplybook.ts';

const countsOf = ({ sandbox }: Meeting) => {
  const { logins, refreshes, pages } = sandbox.requests.summary();
  return { logins: logins.ok + logins.failed, refreshes: refreshes.ok + refreshes.failed, pages };
};

const listedAll = async (meeting: Meeting): Promise<void> => {
  const { ids, end } = await meeting.list();
  expect(sorted(ids)).toEqual(idsIn(meeting.sandbox));
  expect(end).toEqual({ complete: true });
};

/** The adapter with a token that it got `minutes` ago. */
const withTokenOf = async (minutes: number): Promise<Meeting & { token: CrmToken }> => {
  const meeting = await meet();
  const token = { ...(await meeting.signIn()), obtainedAt: Date.now() - minutes * 60_000 };
  const session = { ...meeting.session, tokens: new TransientTokens(token) };
  meeting.session.tokens = session.tokens;
  meeting.sandbox.requests.clear();
  return { ...meeting, token };
};

describe('The shared token', () => {
  it('is got by one login and serves the whole listing, and the next one', async () => {
    const meeting = await meet();
    await listedAll(meeting);
    await listedAll(meeting);
    expect(countsOf(meeting)).toEqual({ logins: 1, refreshes: 0, pages: 6 });
  });

  it.each(['body-419', 'http-419', 'plain-401', 'http-400', 'http-200'] as const)(
    'is refreshed once when it expires in the middle, told as %s, and the page is asked again',
    async (expiry) => {
      const meeting = await meet({ clients: 1000, switches: { expiry, expireAfter: 7 } });
      await listedAll(meeting);
      expect(countsOf(meeting)).toEqual({ logins: 1, refreshes: 1, pages: expiry === 'http-200' ? 11 : 10 });
    },
  );

  it('is replaced before SimplyBook.me would refuse it', async () => {
    const meeting = await withTokenOf(46);
    await listedAll(meeting);
    expect(countsOf(meeting)).toEqual({ logins: 0, refreshes: 1, pages: 3 });
    expect(meeting.sandbox.faults.struck['expiry']).toBeUndefined();
  });

  it('is left alone while it is young', async () => {
    const meeting = await withTokenOf(44);
    await listedAll(meeting);
    expect(countsOf(meeting)).toEqual({ logins: 0, refreshes: 0, pages: 3 });
  });

  it('does not live for ever because a clock was set back', async () => {
    const meeting = await withTokenOf(-60);
    await listedAll(meeting);
    expect(countsOf(meeting)).toEqual({ logins: 0, refreshes: 1, pages: 3 });
  });

  it.each([
    ['the refresh is refused', { refreshRefused: true }],
    ['the answer to the refresh is lost', { refreshLost: 1 }],
    ['the refresh brings the same token again', { refreshSameToken: true }],
  ])('comes from one new login when %s', async (_case, switches) => {
    const meeting = await withTokenOf(0);
    meeting.sandbox.auth.expireTokens();
    meeting.sandbox.faults.set(switches);
    await listedAll(meeting);
    expect(countsOf(meeting)).toMatchObject({ logins: 1, pages: 3 });
  });

  it('is not asked for by password while the login is locked', async () => {
    const meeting = await withTokenOf(50);
    meeting.sandbox.faults.set({ troubles: [{ kind: 'too-many', on: 'refresh' }] });
    expect(await refusalOf(meeting.list())).toMatchObject({ code: 'crm-locked-out' });
    expect(countsOf(meeting)).toMatchObject({ logins: 0 });
  });

  it('is not got again and again from a server that refuses each one it gives out', async () => {
    const meeting = await meet({ switches: { tokenSeconds: 0 } });
    expect(await refusalOf(meeting.list())).toMatchObject({
      kind: 'unprocessable',
      code: 'crm-permission-denied',
    });
    expect(countsOf(meeting)).toMatchObject({ logins: 1, refreshes: 0 });
  });

  it('costs at most three logins a listing where refresh tokens do not work', async () => {
    const meeting = await meet({ clients: 1000, switches: { expireAfter: 1, refreshRefused: true } });
    expect(await refusalOf(meeting.list())).toMatchObject({ code: 'crm-permission-denied' });
    expect(countsOf(meeting)).toMatchObject({ logins: 3 });
  });

  it('says that the password was changed when neither refresh nor login work any more', async () => {
    const meeting = await withTokenOf(50);
    meeting.sandbox.faults.set({ refreshRefused: true, login: 'refused' });
    expect(await refusalOf(meeting.list())).toMatchObject({ code: 'crm-credentials-refused' });
    expect(countsOf(meeting)).toMatchObject({ logins: 1, refreshes: 1 });
  });

  it('is refreshed once for two listings that find it expired at the same moment', async () => {
    const meeting = await withTokenOf(50);
    const [one, other] = await Promise.all([meeting.list(), meeting.list()]);
    expect([one.end, other.end]).toEqual([{ complete: true }, { complete: true }]);
    expect(countsOf(meeting)).toMatchObject({ logins: 0, refreshes: 1 });
  });
});

describe('A token that is only being tried', () => {
  const tokenOf = (token: string): CrmToken => ({
    token,
    refreshToken: null,
    domain: null,
    obtainedAt: 0,
    way: 'rest',
  });

  it('is replaced once, however many ask', async () => {
    const tokens = new TransientTokens(tokenOf('old'));
    let obtained = 0;
    const obtain = async (): Promise<CrmToken> => tokenOf(`new ${(obtained += 1)}`);
    const stale = tokenOf('old');
    const both = await Promise.all([tokens.replace(stale, obtain), tokens.replace(stale, obtain)]);
    const late = await tokens.replace(stale, obtain);
    expect([...both, late].map(({ token }) => token)).toEqual(['new 1', 'new 1', 'new 1']);
    expect((await tokens.current())?.token).toBe('new 1');
  });

  it('stays what it was when no new one can be had', async () => {
    const tokens = new TransientTokens(tokenOf('old'));
    await expect(tokens.replace(tokenOf('old'), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect((await tokens.current())?.token).toBe('old');
  });
});

describe('A role that may not see the clients', () => {
  it('is a permission that is missing, not a reason to log in again or to wait', async () => {
    const meeting = await meet({ switches: { accessDenied: true } });
    expect(await refusalOf(meeting.list(never))).toMatchObject({ code: 'crm-permission-denied' });
    expect(meeting.sandbox.requests.summary().total).toBe(2);
  });
});

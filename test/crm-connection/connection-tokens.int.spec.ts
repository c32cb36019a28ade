import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConnectionSecrets } from '../../src/modules/crm-connection/connection-secrets.store.ts';
import { ConnectionTokens } from '../../src/modules/crm-connection/connection-tokens.store.ts';
import type { CrmToken } from '../../src/modules/crm-connection/crm-provider.ts';
import { readConfig } from '../../src/shared/config.ts';
import { Refusal } from '../../src/shared/errors.ts';
import { openTestStore } from '../shared/event-store-harness.ts';
import type { Instance, TestStore } from '../shared/event-store-harness.ts';

const never = new AbortController().signal;

/** Tells of each who begins to wait for somebody else's login. */
class Watched extends ConnectionTokens {
  readonly #arrive: () => void;

  constructor({ database, keyring }: Instance, arrive: () => void) {
    super(database, keyring);
    this.#arrive = arrive;
  }

  override async now(): Promise<Date> {
    const now = await super.now();
    this.#arrive();
    return now;
  }
}

let store: TestStore;
let secrets: ConnectionSecrets;
/** The same connections as two instances see them. */
let another: Instance;
let here: ConnectionTokens;
let elsewhere: ConnectionTokens;
beforeAll(async () => {
  store = await openTestStore();
  another = await store.another();
  secrets = new ConnectionSecrets(store.database, store.keyring, readConfig({}));
  here = new ConnectionTokens(store.database, store.keyring);
  elsewhere = new ConnectionTokens(another.database, another.keyring);
});
afterAll(() => store.close());

const tokenOf = (token: string): CrmToken => ({
  token,
  refreshToken: `${token}-r`,
  domain: null,
  obtainedAt: 1,
  way: 'rest',
});

const stale = tokenOf('stale');

const putAnew = (id: string, token: CrmToken): Promise<void> =>
  secrets.put(id, { secret: 'invented', totpSecret: null }, token);

const connected = async (token = stale): Promise<string> => {
  const id = randomUUID();
  await putAnew(id, token);
  return id;
};

type Obtain = (stored: CrmToken | null) => Promise<CrmToken>;

const replace = (tokens: ConnectionTokens, id: string, obtain: Obtain, old: CrmToken | null = stale) =>
  tokens.of(id, 'token').replace(old, obtain, never);

const refused = (retryAfter?: number): Refusal =>
  new Refusal('unprocessable', 'crm-credentials-refused', 'It said no. Do something.', {
    ...(retryAfter !== undefined && { retryAfter }),
  });

const down = (): Refusal => new Refusal('bad-gateway', 'crm-unreachable', 'It is down. Try later.');

/** The refusal that work ends with. */
const refusalOf = async (work: Promise<unknown>): Promise<Refusal> => {
  const error = await work.then(
    () => new Error('It was not refused.'),
    (reason: unknown) => reason,
  );
  if (error instanceof Refusal) return error;
  throw error;
};

describe('the token of a connection', () => {
  it('is obtained once however many ask for a new one at a time, on whatever instance', async () => {
    const id = await connected();
    let obtained = 0;
    const obtain = async (): Promise<CrmToken> => tokenOf(`fresh-${(obtained += 1)}`);
    const asked = Array.from({ length: 10 }, (_, n) => replace(n % 2 === 0 ? here : elsewhere, id, obtain));
    const tokens = await Promise.all(asked);
    expect(obtained).toBe(1);
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['fresh-1']));
    expect(await here.token(id, 'token')).toEqual(tokenOf('fresh-1'));
  });

  it('is not obtained at all by who asks with one that was replaced long ago', async () => {
    const id = await connected(tokenOf('current'));
    const kept = await replace(here, id, () => Promise.reject(new Error('asked')), tokenOf('ancient'));
    expect(kept).toEqual(tokenOf('current'));
    const next = await replace(here, id, () => Promise.resolve(tokenOf('next')), tokenOf('current'));
    expect(next).toEqual(tokenOf('next'));
  });

  it('of a second API is another one', async () => {
    const id = await connected();
    const other = here.of(id, 'other_token');
    expect(await other.current()).toBeNull();
    await other.replace(null, () => Promise.resolve(tokenOf('second')), never);
    expect(await elsewhere.token(id, 'other_token')).toEqual(tokenOf('second'));
    expect(await elsewhere.token(id, 'token')).toEqual(stale);
  });

  it('has its refresh token struck off before anybody uses it: whoever dies has used it', async () => {
    const id = await connected();
    let seen: CrmToken | null | undefined;
    const died = replace(here, id, async (stored) => {
      expect(stored?.refreshToken).toBe('stale-r');
      seen = await elsewhere.token(id, 'token');
      throw new Error('The instance died.');
    });
    await expect(died).rejects.toThrow('died');
    expect(seen).toEqual({ ...stale, refreshToken: null });
    const given: (string | null | undefined)[] = [];
    await replace(elsewhere, id, async (stored) => {
      given.push(stored?.refreshToken);
      return tokenOf('fresh');
    });
    expect(given).toEqual([null]);
  });

  it('can be obtained by the next one when the first one fails', async () => {
    const id = await connected();
    const failing = replace(here, id, () => Promise.reject(new Error('Something broke.')));
    await expect(failing).rejects.toThrow('Something broke.');
    expect(await replace(elsewhere, id, () => Promise.resolve(tokenOf('fresh')))).toEqual(tokenOf('fresh'));
  });

  it('can be obtained by somebody else when who was at it has died', async () => {
    const id = await connected();
    expect(await here.claim(id)).toEqual(expect.any(String));
    expect(await elsewhere.claim(id)).toBeNull();
    await store.rows(
      "update connection_secrets set token_lease_until = now() - interval '1 second' where connection_id = $1",
      [id],
    );
    expect(await replace(elsewhere, id, () => Promise.resolve(tokenOf('fresh')))).toEqual(tokenOf('fresh'));
  });

  it('that comes too late is not stored over a newer one', async () => {
    const id = await connected();
    const late = Promise.withResolvers<CrmToken>();
    const obtaining = Promise.withResolvers<void>();
    const waiting = replace(here, id, () => (obtaining.resolve(), late.promise));
    await obtaining.promise;
    await putAnew(id, tokenOf('of the new credentials'));
    late.resolve(tokenOf('of the old credentials'));
    await waiting;
    expect(await here.token(id, 'token')).toEqual(tokenOf('of the new credentials'));
  });

  it('is not waited for by who has been called off', async () => {
    const id = await connected();
    await here.claim(id);
    const abort = new AbortController();
    const waiting = elsewhere.of(id, 'token').replace(stale, () => Promise.resolve(stale), abort.signal);
    abort.abort(new Error('called off'));
    await expect(waiting).rejects.toThrow('called off');
    await expect(
      elsewhere.exclusively(id, () => Promise.resolve(), { counts: true, signal: abort.signal }),
    ).rejects.toThrow('called off');
  });
});

describe('a login that is refused', () => {
  it.each([
    ['refused', refused],
    ['not answered', down],
  ])('or %s is one attempt for all ten who wait for it', async (_, why) => {
    const id = await connected();
    const go = Promise.withResolvers<void>();
    let attempts = 0;
    const obtain = async (): Promise<CrmToken> => {
      attempts += 1;
      await go.promise;
      throw why();
    };
    const waiters = Promise.withResolvers<void>();
    let waiting = 0;
    const arrive = (): void => {
      waiting += 1;
      if (waiting === 9) waiters.resolve();
    };
    const [one, other] = [new Watched(store, arrive), new Watched(another, arrive)];
    const asked = Array.from({ length: 10 }, (_1, n) =>
      refusalOf(replace(n % 2 === 0 ? one : other, id, obtain)),
    );
    await waiters.promise;
    go.resolve();
    const codes = (await Promise.all(asked)).map(({ code }) => code);
    expect([attempts, new Set(codes)]).toEqual([1, new Set([why().code])]);
  });

  it('allows no further attempt for five minutes, on no instance', async () => {
    const id = await connected();
    await here.mayLogIn(id, 'token');
    const before = performance.now();
    await refusalOf(replace(here, id, () => Promise.reject(refused())));
    const held = await refusalOf(elsewhere.mayLogIn(id, 'token'));
    const took = (performance.now() - before) / 1000;
    expect(held).toMatchObject({ kind: 'unprocessable', code: 'crm-credentials-refused' });
    expect(held.message).toMatch(/^It said no\. Do something\. Not tried again before \d\d:\d\d:\d\d UTC/);
    expect(held.details.retryAfter).toBeGreaterThan(298 - took);
    expect(held.details.retryAfter).toBeLessThanOrEqual(300);
  });

  it('is allowed another attempt when the five minutes are over', async () => {
    const id = await connected();
    await refusalOf(replace(here, id, () => Promise.reject(refused())));
    await store.rows(
      "update login_refusals set held_until = held_until - interval '301 seconds' where connection_id = $1",
      [id],
    );
    await elsewhere.mayLogIn(id, 'token');
  });

  it.each([
    [refused(900), 900],
    [refused(1_000_000_000), 3600],
    [new Refusal('bad-gateway', 'crm-rate-limited', 'Slower.', {}), 60],
    [new Refusal('bad-gateway', 'crm-rate-limited', 'Slower.', { retryAfter: 120 }), 120],
  ])('with %s forbids the next one for %i seconds', async (why, seconds) => {
    const id = await connected();
    const before = performance.now();
    await refusalOf(replace(here, id, () => Promise.reject(why)));
    const { details } = await refusalOf(elsewhere.mayLogIn(id, 'token'));
    const took = (performance.now() - before) / 1000;
    expect(details.retryAfter).toBeGreaterThan(seconds - 2 - took);
    expect(details.retryAfter).toBeLessThanOrEqual(seconds);
  });

  it.each([
    [true, true],
    [false, false],
  ])('by new credentials that are being tried (the same ones: %s) counts: %s', async (counts, isHeld) => {
    const id = await connected();
    const work = (): Promise<void> => Promise.reject(refused());
    await refusalOf(here.exclusively(id, work, { counts, signal: never }));
    const held = await elsewhere.mayLogIn(id, 'token').catch((error: unknown) => error);
    expect(held instanceof Refusal).toBe(isHeld);
    await elsewhere.exclusively(id, () => Promise.resolve(), { counts, signal: never });
  });

  it('for the token of a second API forbids another one there for a day, and nothing here', async () => {
    const id = await connected();
    const beside = here.of(id, 'other_token').replace(null, () => Promise.reject(refused()), never);
    await refusalOf(beside);
    await elsewhere.mayLogIn(id, 'token');
    const held = await refusalOf(elsewhere.mayLogIn(id, 'other_token'));
    expect(held.details.retryAfter).toBeGreaterThan(86_390);
    await putAnew(id, tokenOf('new'));
    await elsewhere.mayLogIn(id, 'other_token');
  });

  it('because nobody answered forbids nothing', async () => {
    const id = await connected();
    await refusalOf(replace(here, id, () => Promise.reject(down())));
    await here.mayLogIn(id, 'token');
  });

  it('because it would come too early does not make the wait longer', async () => {
    const id = await connected();
    await refusalOf(replace(here, id, () => Promise.reject(refused())));
    const until1 = await store.rows('select held_until from login_refusals where connection_id = $1', [id]);
    await refusalOf(
      replace(elsewhere, id, async () => {
        await elsewhere.mayLogIn(id, 'token');
        return tokenOf('never');
      }),
    );
    const until2 = await store.rows('select held_until from login_refusals where connection_id = $1', [id]);
    expect(until2).toEqual(until1);
  });

  it('is forgotten with new credentials, and a late refusal of the old ones does not count against them', async () => {
    const id = await connected();
    await refusalOf(replace(here, id, () => Promise.reject(refused())));
    await putAnew(id, tokenOf('new'));
    await elsewhere.mayLogIn(id, 'token');
    const answer = Promise.withResolvers<CrmToken>();
    const sent = Promise.withResolvers<void>();
    const late = refusalOf(replace(here, id, () => (sent.resolve(), answer.promise), tokenOf('new')));
    await sent.promise;
    await putAnew(id, tokenOf('newer'));
    answer.reject(refused());
    await late;
    await elsewhere.mayLogIn(id, 'token');
  });
});

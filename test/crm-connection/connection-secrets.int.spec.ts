import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { ConnectionSecrets } from '../../src/modules/crm-connection/connection-secrets.store.ts';
import type { CrmToken } from '../../src/modules/crm-connection/crm-provider.ts';
import { readConfig } from '../../src/shared/config.ts';
import { Refusal } from '../../src/shared/errors.ts';
import { Keyring, SealBroken } from '../../src/shared/secrets.ts';
import { newKey, openTestStore, until } from '../shared/event-store-harness.ts';
import type { Instance, TestStore } from '../shared/event-store-harness.ts';

const PER_SECOND = 50;
const SECRET = 'c4n4ry-s3cr3t';
const never = new AbortController().signal;

let store: TestStore;
let other: Instance;
let secrets: ConnectionSecrets;
let elsewhere: ConnectionSecrets;
beforeAll(async () => {
  store = await openTestStore();
  other = await store.another();
  secrets = secretsOf(store);
  elsewhere = secretsOf(other);
});
afterAll(() => store.close());

const secretsOf = ({ database, keyring }: Instance, perSecond = PER_SECOND): ConnectionSecrets =>
  new ConnectionSecrets(
    database,
    keyring,
    readConfig({ SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: String(perSecond) }),
  );

const tokenOf = (token: string): CrmToken => ({
  token,
  refreshToken: `${token}-r`,
  domain: null,
  obtainedAt: 1,
});

const connected = async (secret = SECRET, token = tokenOf('c4n4ry-t0k3n')): Promise<string> => {
  const id = randomUUID();
  await secrets.put(id, secret, token);
  return id;
};

const refusalOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'none';
  } catch (error) {
    return error instanceof Refusal ? `${error.kind} ${error.code}` : String(error);
  }
};

describe('the secrets of a connection', () => {
  it('are there for every instance', async () => {
    const id = await connected();
    expect(await elsewhere.secret(id)).toBe(SECRET);
    expect(await elsewhere.token(id)).toEqual(tokenOf('c4n4ry-t0k3n'));
  });

  it('stand nowhere in the table in plain text, in whatever spelling', async () => {
    await connected();
    const rows = await store.rows<{ row: string; secret: Buffer; token: Buffer }>(
      'select s::text as row, secret, token from connection_secrets s',
    );
    const bytes = rows
      .map(({ row, secret, token }) => row + secret.toString('latin1') + token.toString('latin1'))
      .join();
    for (const canary of [SECRET, 'c4n4ry']) {
      expect(bytes).not.toContain(canary);
      expect(bytes).not.toContain(Buffer.from(canary).toString('hex'));
      expect(bytes).not.toContain(Buffer.from(canary).toString('base64').replace(/=+$/, '').slice(0, -1));
    }
  });

  it('are replaced, the token with them', async () => {
    const id = await connected();
    await secrets.put(id, 'other secret', tokenOf('other'));
    expect(await elsewhere.secret(id)).toBe('other secret');
    expect(await elsewhere.token(id)).toEqual(tokenOf('other'));
  });

  it('do not open in the row of another connection, and those of the others still do', async () => {
    const [mine, theirs, third] = [
      await connected('mine'),
      await connected('theirs'),
      await connected('third'),
    ];
    await store.rows(
      `update connection_secrets s set secret = o.secret, token = o.token from connection_secrets o
        where s.connection_id = $1 and o.connection_id = $2`,
      [mine, theirs],
    );
    await expect(secrets.secret(mine)).rejects.toThrow(SealBroken);
    await expect(secrets.token(mine)).rejects.toThrow(SealBroken);
    expect(await secrets.secret(theirs)).toBe('theirs');
    expect(await secrets.secret(third)).toBe('third');
  });

  it('do not open in each other’s place', async () => {
    const id = await connected();
    await store.rows(
      'update connection_secrets set secret = token, token = secret where connection_id = $1',
      [id],
    );
    await expect(secrets.secret(id)).rejects.toThrow(SealBroken);
    await expect(secrets.token(id)).rejects.toThrow(SealBroken);
  });

  it('do not open with one bit changed, and the error tells nothing of them', async () => {
    const id = await connected();
    await store.rows(
      'update connection_secrets set secret = set_byte(secret, 40, get_byte(secret, 40) # 1) where connection_id = $1',
      [id],
    );
    const message = await refusalOf(secrets.secret(id));
    expect(message).toMatch(/^SealBroken/);
    expect(message).not.toContain('c4n4ry');
  });

  it('open after the installation has got a new key, as long as the old one is there', async () => {
    const old = newKey('old');
    const fresh = newKey('fresh');
    const config = readConfig({});
    const id = randomUUID();
    await new ConnectionSecrets(store.database, new Keyring([old]), config).put(id, SECRET, tokenOf('t'));
    expect(await new ConnectionSecrets(store.database, new Keyring([fresh, old]), config).secret(id)).toBe(
      SECRET,
    );
    await expect(
      new ConnectionSecrets(store.database, new Keyring([fresh]), config).secret(id),
    ).rejects.toThrow(SealBroken);
  });

  it('are gone when the connection is, and whoever asks is told what to do', async () => {
    const id = await connected();
    await secrets.remove(id);
    const [row] = await store.rows<{ count: number }>(
      'select count(*)::int as count from connection_secrets where connection_id = $1',
      [id],
    );
    expect(row!.count).toBe(0);
    for (const asked of [
      secrets.secret(id),
      secrets.token(id),
      secrets.pace(id, never),
      secrets.tokens(id).current(),
      secrets.tokens(id).replace(null, () => Promise.resolve(tokenOf('x'))),
    ]) {
      expect(await refusalOf(asked)).toBe('conflict connection-disconnected');
    }
    await expect(secrets.secret(id)).rejects.toThrow(/Connect the company again/);
    await secrets.remove(id);
  });
});

describe('the token of a connection', () => {
  it('is obtained once however many ask for a new one at a time, on whatever instance', async () => {
    const stale = tokenOf('stale');
    const id = await connected(SECRET, stale);
    let obtained = 0;
    const obtain = async (): Promise<CrmToken> => {
      obtained += 1;
      return tokenOf(`fresh-${obtained}`);
    };
    const asked = Array.from({ length: 10 }, (_, n) =>
      (n % 2 === 0 ? secrets : elsewhere).tokens(id).replace(stale, obtain),
    );
    const tokens = await Promise.all(asked);
    expect(obtained).toBe(1);
    expect(new Set(tokens.map(({ token }) => token))).toEqual(new Set(['fresh-1']));
    expect(await secrets.token(id)).toEqual(tokenOf('fresh-1'));
  });

  it('is not obtained at all by who asks with one that was replaced long ago', async () => {
    const id = await connected(SECRET, tokenOf('current'));
    const replaced = await secrets
      .tokens(id)
      .replace(tokenOf('ancient'), () => Promise.reject(new Error('asked')));
    expect(replaced).toEqual(tokenOf('current'));
    const again = await secrets
      .tokens(id)
      .replace(tokenOf('current'), () => Promise.resolve(tokenOf('next')));
    expect(again).toEqual(tokenOf('next'));
  });

  it('can be obtained by the next one when the first one fails', async () => {
    const stale = tokenOf('stale');
    const id = await connected(SECRET, stale);
    const failing = secrets.tokens(id).replace(stale, () => Promise.reject(new Error('The CRM hung up.')));
    await expect(failing).rejects.toThrow('The CRM hung up.');
    expect(await secrets.token(id)).toEqual(stale);
    const next = await elsewhere.tokens(id).replace(stale, () => Promise.resolve(tokenOf('fresh')));
    expect(next).toEqual(tokenOf('fresh'));
  });

  it('can be obtained by somebody else when who was at it has died', async () => {
    const stale = tokenOf('stale');
    const id = await connected(SECRET, stale);
    expect(await secrets.claimToken(id)).toEqual(expect.any(String));
    expect(await elsewhere.claimToken(id)).toBeNull();
    await store.rows(
      "update connection_secrets set token_lease_until = now() - interval '1 second' where connection_id = $1",
      [id],
    );
    const next = await elsewhere.tokens(id).replace(stale, () => Promise.resolve(tokenOf('fresh')));
    expect(next).toEqual(tokenOf('fresh'));
  });

  it('that comes too late is not stored over a newer one', async () => {
    const stale = tokenOf('stale');
    const id = await connected(SECRET, stale);
    const late = Promise.withResolvers<CrmToken>();
    const obtaining = Promise.withResolvers<void>();
    const waiting = secrets.tokens(id).replace(stale, () => (obtaining.resolve(), late.promise));
    await obtaining.promise;
    await elsewhere.put(id, 'new secret', tokenOf('of the new credentials'));
    late.resolve(tokenOf('of the old credentials'));
    await waiting;
    expect(await secrets.token(id)).toEqual(tokenOf('of the new credentials'));
  });
});

describe('requests to one company', () => {
  /** Nobody is let go before that; returns when the first one is. */
  const lineStartsInAnHour = async (id: string): Promise<string> => {
    const rows = await store.rows<{ at: string }>(
      `update connection_secrets set next_request_at = now() + interval '1 hour' where connection_id = $1
       returning next_request_at::text as at`,
      [id],
    );
    return rows[0]!.at;
  };

  const GAP = 1000 / PER_SECOND;
  const now = sql<{ at: number }>`select extract(epoch from clock_timestamp())::float8 * 1000 as at`;

  /** How long after now each was let go, by the database's clock, in milliseconds, the first one first. */
  const letGo = async (id: string, count: number): Promise<number[]> => {
    const begin = await store.database.row(now);
    const times = Array.from({ length: count }, async (_, n) => {
      const [mine, instance] = n % 2 === 0 ? [secrets, store] : [elsewhere, other];
      await mine.pace(id, never);
      return (await instance.database.row(now))!.at - begin!.at;
    });
    return (await Promise.all(times)).toSorted((a, b) => a - b);
  };

  /** Nobody may be let go before its turn; a timer may fire a millisecond or two early. */
  const expectOneAfterTheOther = (times: number[]): void => {
    for (const [n, time] of times.entries()) expect(time).toBeGreaterThan(n * GAP - 3);
  };

  it('stand in one line, whatever instance sends them', async () => {
    expectOneAfterTheOther(await letGo(await connected(), 12));
  });

  it('each take exactly one place, also those that leave the line', async () => {
    const id = await connected();
    const first = await lineStartsInAnHour(id);
    const left = new AbortController();
    const all = Array.from({ length: 6 }, (_, n) =>
      (n % 2 === 0 ? secrets : elsewhere).pace(id, left.signal),
    );
    const taken = `next_request_at - timestamptz '${first}'`;
    const whole = `interval '${6 / PER_SECOND} seconds'`;
    await until(store, `select ${taken} >= ${whole} from connection_secrets where connection_id = '${id}'`);
    left.abort();
    expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual(all.map(() => 'rejected'));
    const rows = await store.rows(
      `select ${taken} = ${whole} as exact from connection_secrets where connection_id = $1`,
      [id],
    );
    expect(rows).toEqual([{ exact: true }]);
  });

  it('are not held up by those to another company', async () => {
    const [busy, idle] = [await connected(), await connected()];
    await lineStartsInAnHour(busy);
    await secrets.pace(idle, never);
    const [row] = await store.rows<{ soon: boolean }>(
      "select next_request_at < now() + interval '1 minute' as soon from connection_secrets where connection_id = $1",
      [idle],
    );
    expect(row!.soon).toBe(true);
  });

  it('do not save up places while nobody asks', async () => {
    const id = await connected();
    await store.rows(
      "update connection_secrets set next_request_at = now() - interval '1 hour' where connection_id = $1",
      [id],
    );
    expectOneAfterTheOther(await letGo(id, 4));
  });

  it('leave the line when they are called off', async () => {
    const id = await connected();
    await lineStartsInAnHour(id);
    await expect(secrets.pace(id, AbortSignal.abort(new Error('called off')))).rejects.toThrow();
  });

  it('are not paced at all when that is switched off', async () => {
    const id = await connected();
    await lineStartsInAnHour(id);
    await secretsOf(store, 0).pace(id, never);
    await secretsOf(store, 0).pace(randomUUID(), never);
  });
});

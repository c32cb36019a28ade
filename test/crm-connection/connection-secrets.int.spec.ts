import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { ConnectionSecrets } from '../../src/modules/crm-connection/connection-secrets.store.ts';
import { ConnectionTokens } from '../../src/modules/crm-connection/connection-tokens.store.ts';
import type { CrmToken } from '../../src/modules/crm-connection/crm-provider.ts';
import { readConfig } from '../../src/shared/config.ts';
import { Refusal } from '../../src/shared/errors.ts';
import { Keyring, SealBroken } from '../../src/shared/secrets.ts';
import { newKey, openTestStore, until } from '../shared/event-store-harness.ts';
import type { Instance, TestStore } from '../shared/event-store-harness.ts';

const PER_SECOND = 50;
const SECRET = 'c4n4ry-s3cr3t';
const TOTP = 'C4N4RYSECRETOFANAPP2';
const never = new AbortController().signal;

let store: TestStore;
let other: Instance;
let secrets: ConnectionSecrets;
let elsewhere: ConnectionSecrets;
let tokens: ConnectionTokens;
beforeAll(async () => {
  store = await openTestStore();
  other = await store.another();
  secrets = secretsOf(store);
  elsewhere = secretsOf(other);
  tokens = new ConnectionTokens(store.database, store.keyring);
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
  way: 'rest',
});

const connected = async (secret = SECRET, token = tokenOf('c4n4ry-t0k3n')): Promise<string> => {
  const id = randomUUID();
  await secrets.put(id, { secret, totpSecret: TOTP }, token);
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
    expect(await elsewhere.credentials(id)).toEqual({ secret: SECRET, totpSecret: TOTP });
    expect(await tokens.token(id, 'token')).toEqual(tokenOf('c4n4ry-t0k3n'));
  });

  it('stand nowhere in the table in plain text, in whatever spelling', async () => {
    await connected();
    const rows = await store.rows<{ row: string; secret: Buffer; totp: Buffer | null; token: Buffer }>(
      'select s::text as row, secret, totp_secret as totp, token from connection_secrets s',
    );
    const bytes = rows
      .flatMap(({ row, secret, totp, token }) => [
        row,
        secret.toString('latin1'),
        totp?.toString('latin1'),
        token.toString('latin1'),
      ])
      .join();
    for (const canary of [SECRET, 'c4n4ry', TOTP]) {
      expect(bytes).not.toContain(canary);
      expect(bytes).not.toContain(Buffer.from(canary).toString('hex'));
      expect(bytes).not.toContain(Buffer.from(canary).toString('base64').replace(/=+$/, '').slice(0, -1));
    }
  });

  it('are replaced, the token with them', async () => {
    const id = await connected();
    await secrets.put(id, { secret: 'other secret', totpSecret: null }, tokenOf('other'));
    expect(await elsewhere.credentials(id)).toEqual({ secret: 'other secret', totpSecret: null });
    expect(await tokens.token(id, 'token')).toEqual(tokenOf('other'));
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
    await expect(secrets.credentials(mine)).rejects.toThrow(SealBroken);
    await expect(tokens.token(mine, 'token')).rejects.toThrow(SealBroken);
    expect((await secrets.credentials(theirs)).secret).toBe('theirs');
    expect((await secrets.credentials(third)).secret).toBe('third');
  });

  it('do not open in each other’s place', async () => {
    const id = await connected();
    await store.rows(
      'update connection_secrets set secret = token, token = totp_secret where connection_id = $1',
      [id],
    );
    await expect(secrets.credentials(id)).rejects.toThrow(SealBroken);
    await expect(tokens.token(id, 'token')).rejects.toThrow(SealBroken);
  });

  it('do not open with one bit changed, and the error tells nothing of them', async () => {
    const id = await connected();
    await store.rows(
      'update connection_secrets set secret = set_byte(secret, 40, get_byte(secret, 40) # 1) where connection_id = $1',
      [id],
    );
    const message = await refusalOf(secrets.credentials(id));
    expect(message).toMatch(/^SealBroken/);
    expect(message).not.toContain('c4n4ry');
  });

  it('do not open with one bit of the authenticator secret changed', async () => {
    const id = await connected();
    await store.rows(
      'update connection_secrets set totp_secret = set_byte(totp_secret, 40, get_byte(totp_secret, 40) # 1) where connection_id = $1',
      [id],
    );
    await expect(secrets.credentials(id)).rejects.toThrow(SealBroken);
  });

  it('open after the installation has got a new key, as long as the old one is there', async () => {
    const old = newKey('old');
    const fresh = newKey('fresh');
    const config = readConfig({});
    const id = randomUUID();
    await new ConnectionSecrets(store.database, new Keyring([old]), config).put(
      id,
      { secret: SECRET, totpSecret: TOTP },
      tokenOf('t'),
    );
    expect(
      await new ConnectionSecrets(store.database, new Keyring([fresh, old]), config).credentials(id),
    ).toMatchObject({ secret: SECRET });
    await expect(
      new ConnectionSecrets(store.database, new Keyring([fresh]), config).credentials(id),
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
      secrets.credentials(id),
      tokens.token(id, 'token'),
      secrets.pace(id, never),
      tokens.of(id, 'other_token').current(),
      tokens.of(id, 'token').replace(null, () => Promise.resolve(tokenOf('x')), never),
      tokens.exclusively(id, () => Promise.resolve(), { counts: true, signal: never }),
    ]) {
      expect(await refusalOf(asked)).toBe('conflict connection-disconnected');
    }
    await expect(secrets.credentials(id)).rejects.toThrow(/Connect the company again/);
    await secrets.remove(id);
  });
});

describe('a time step of the authenticator', () => {
  it('is taken once, whatever instance wants it, and never after a later one', async () => {
    const id = await connected();
    const taken = await Promise.all([0, 1, 2, 3].map((n) => (n % 2 ? secrets : elsewhere).takeStep(id, 100)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect([await elsewhere.takeStep(id, 99), await elsewhere.takeStep(id, 101)]).toEqual([false, true]);
  });

  it('that the login before connecting has used counts, and new credentials do not forget it', async () => {
    const id = randomUUID();
    await secrets.put(id, { secret: SECRET, totpSecret: TOTP }, tokenOf('t'), 100);
    expect(await secrets.takeStep(id, 100)).toBe(false);
    await secrets.put(id, { secret: 'other', totpSecret: TOTP }, tokenOf('u'));
    expect(await secrets.takeStep(id, 100)).toBe(false);
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

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import type { Switches } from '../../sandbox/faults.ts';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox.ts';
import { ConnectionSecrets } from '../../src/modules/crm-connection/connection-secrets.store.ts';
import { ConnectionTokens } from '../../src/modules/crm-connection/connection-tokens.store.ts';
import type { CrmSession } from '../../src/modules/crm-connection/crm-provider.ts';
import { SimplyBookSettings } from '../../src/modules/crm-connection/simplybook/settings.ts';
import { SimplyBookProvider } from '../../src/modules/crm-connection/simplybook/simplybook.provider.ts';
import { readConfig } from '../../src/shared/config.ts';
import { openTestStore, type Instance, type TestStore } from '../shared/event-store-harness.ts';
import { closeAfterTest, never, refusalOf } from './simplybook.ts';

const CLIENTS = 120;

let store: TestStore;
let instances: Instance[];
beforeAll(async () => {
  store = await openTestStore();
  instances = [store, await store.another(), await store.another()];
});
afterAll(() => store.close());

type Listing = () => Promise<number>;

/** Everything of one instance that works for this connection: its own provider, sockets and database connections. */
const listingOn = (
  { database, keyring }: Instance,
  { url: restUrl, rpcUrl, account }: Sandbox,
  id: string,
): Listing => {
  const settings = new SimplyBookSettings({ restUrl, rpcUrl, retryBaseMs: 1, retryMostMs: 5 });
  const provider = new SimplyBookProvider(new HttpService(), settings);
  closeAfterTest(() => provider.onModuleDestroy());
  const secrets = new ConnectionSecrets(
    database,
    keyring,
    readConfig({ SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: '0' }),
  );
  const tokens = new ConnectionTokens(database, keyring);
  return async () => {
    const { company, login, domain } = account;
    const session: CrmSession = {
      account: { company, login, domain, ...(await secrets.credentials(id)) },
      tokens: tokens.of(id, 'token'),
      otherTokens: tokens.of(id, 'other_token'),
      pace: (signal) => secrets.pace(id, signal),
      takeStep: (step) => secrets.takeStep(id, step),
    };
    let listed = 0;
    for await (const { clients } of provider.clientPages(session, never)) listed += clients.length;
    return listed;
  };
};

/** A connection that three instances work for, whose token has just expired. */
const expired = async (switches: Partial<Switches> = {}) => {
  const sandbox = await startSandbox({ clients: CLIENTS, clean: true });
  closeAfterTest(sandbox.close);
  const id = randomUUID();
  const { company, login, password: secret, domain } = sandbox.account;
  const provider = new SimplyBookProvider(
    new HttpService(),
    new SimplyBookSettings({ restUrl: sandbox.url, rpcUrl: sandbox.rpcUrl }),
  );
  closeAfterTest(() => provider.onModuleDestroy());
  const account = { company, login, secret, totpSecret: null, domain };
  const pace = (): Promise<void> => Promise.resolve();
  const token = await provider.signIn({ account, pace, takeStep: () => Promise.resolve(true) }, never);
  const { database, keyring } = store;
  await new ConnectionSecrets(database, keyring, readConfig({})).put(id, { secret, totpSecret: null }, token);
  sandbox.auth.expireTokens();
  sandbox.faults.set({ latency: 30, ...switches });
  sandbox.requests.clear();
  return { sandbox, listings: instances.map((instance) => listingOn(instance, sandbox, id)) };
};

const countsOf = ({ requests }: Sandbox) => {
  const { logins, rpcLogins, refreshes } = requests.summary();
  return { logins, rpcLogins, refreshes };
};

const NONE = { ok: 0, failed: 0 };

describe('A token that three instances find expired at once', () => {
  it('is refreshed by one of them, the others go on with what it got', async () => {
    const { sandbox, listings } = await expired();
    const listed = await Promise.all([...listings, ...listings].map((list) => list()));
    expect(listed).toEqual(Array(6).fill(CLIENTS));
    expect(countsOf(sandbox)).toEqual({ logins: NONE, rpcLogins: NONE, refreshes: { ok: 1, failed: 0 } });
  });

  it('is refreshed once each time it expires, and no refresh token is ever sent twice', async () => {
    const { sandbox, listings } = await expired();
    for (let times = 0; times < 3; times += 1) {
      sandbox.auth.expireTokens();
      await Promise.all(listings.map((list) => list()));
    }
    expect(countsOf(sandbox)).toEqual({ logins: NONE, rpcLogins: NONE, refreshes: { ok: 3, failed: 0 } });
  });

  it('is got by one login where the answer to the refresh is lost: the refresh token is not sent again', async () => {
    const { sandbox, listings } = await expired({ refreshLost: 1 });
    const listed = await Promise.all(listings.map((list) => list()));
    expect(listed).toEqual(Array(3).fill(CLIENTS));
    const { logins, rpcLogins } = countsOf(sandbox);
    expect([logins, rpcLogins]).toEqual([{ ok: 1, failed: 0 }, NONE]);
    expect(sandbox.requests.summary().byRoute.refresh).toBe(1);
  });

  it('costs one attempt by each API where the password was changed meanwhile', async () => {
    const { sandbox, listings } = await expired({ refreshRefused: true });
    sandbox.account.password = 'another one';
    const refusals = await Promise.all([...listings, ...listings].map((list) => refusalOf(list())));
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['crm-credentials-refused']));
    expect(countsOf(sandbox)).toMatchObject({
      logins: { ok: 0, failed: 1 },
      rpcLogins: { ok: 0, failed: 1 },
    });
  });

  it('costs one login, tried twice, where SimplyBook.me is down', async () => {
    const { sandbox, listings } = await expired({
      troubles: [{ kind: 'status', value: 503, on: 'login' }],
      refreshRefused: true,
    });
    const refusals = await Promise.all(listings.map((list) => refusalOf(list())));
    expect(new Set(refusals.map(({ code }) => code))).toEqual(new Set(['crm-unreachable']));
    expect(sandbox.requests.summary().byRoute.login).toBe(2);
  });
});

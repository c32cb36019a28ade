import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { Checkpoints } from '../../src/modules/audit/checkpoints.ts';
import { Verifications } from '../../src/modules/audit/verifications.ts';
import { VerifyLog } from '../../src/modules/audit/verify-log.ts';
import { readConfig } from '../../src/shared/config.ts';
import { StoredLog } from '../../src/shared/event-store/stored-log.ts';
import { Shutdown } from '../../src/shared/shutdown.ts';
import {
  areWaiting,
  happened,
  META,
  openTestStore,
  recording,
  until,
  type TestStore,
} from '../shared/event-store-harness.ts';

let store: TestStore;
let dataDir: string;
let shutdown: Shutdown;
let verifications: Verifications;
beforeAll(async () => {
  store = await openTestStore();
  dataDir = await mkdtemp(join(tmpdir(), 'crm-sync-verify-'));
  const log = new StoredLog(store.database);
  const checkpoints = new Checkpoints(log, readConfig({ CRM_SYNC_DATA_DIR: dataDir }), 'a-log');
  shutdown = new Shutdown();
  verifications = new Verifications(new VerifyLog(log, checkpoints), shutdown);
});
afterAll(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

/** Lets nobody read the log until `release`. */
const closeTheLog = async (): Promise<{ release: () => Promise<void> }> => {
  const holder = new Client({ connectionString: store.url });
  await holder.connect();
  await holder.query('begin; lock table events in access exclusive mode');
  return {
    release: async () => {
      await holder.query('rollback');
      await holder.end();
    },
  };
};
const never = (): AbortSignal => new AbortController().signal;

describe('verifications', () => {
  it('are one at a time: who comes meanwhile waits for the next, together', async () => {
    await store.events.transact([recording('first', happened())], META);
    const { release } = await closeTheLog();
    const first = verifications.verify(never());
    await until(store, areWaiting(1));
    const others = [verifications.verify(never()), verifications.verify(never())];
    await release();
    const [one, other, another] = await Promise.all([first, ...others]);
    expect(one).toMatchObject({ ok: true, events: 1 });
    expect(other).toEqual(one);
    expect(other).not.toBe(one);
    expect(another).toBe(other);
  });

  it('are broken off when nobody waits any more, and go on for whoever still does', async () => {
    const { release } = await closeTheLog();
    const leaving = new AbortController();
    const left = verifications.verify(leaving.signal);
    await until(store, areWaiting(1));
    const shared = new AbortController();
    const staying = [verifications.verify(shared.signal), verifications.verify(never())];
    const reason = left.catch((error: unknown) => error);
    leaving.abort();
    shared.abort();
    await release();
    expect(await reason).toMatchObject({ kind: 'unavailable', code: 'verification-broken-off' });
    for (const verdict of await Promise.all(staying)) expect(verdict.ok).toBe(true);
    expect((await verifications.verify(never())).ok).toBe(true);
  });

  it('do not keep the program from ending', async () => {
    const { release } = await closeTheLog();
    const reason = verifications.verify(never()).catch((error: unknown) => error);
    shutdown.begin();
    await release();
    expect(await reason).toMatchObject({ code: 'verification-broken-off' });
  });
});

import { appendFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { isGenuine, readCheckpoint, type Checkpoint } from '../../src/modules/audit/checkpoint.ts';
import { Checkpoints } from '../../src/modules/audit/checkpoints.ts';
import { readConfig } from '../../src/shared/config.ts';
import { StoredLog } from '../../src/shared/event-store/stored-log.ts';
import { happened, META, openTestStore, recording, type TestStore } from '../shared/event-store-harness.ts';

const TEN_MINUTES = 600_000;

let store: TestStore;
let directory: string;
beforeEach(async () => {
  store = await openTestStore();
  directory = await mkdtemp(join(tmpdir(), 'crm-sync-checkpoints-'));
});
afterEach(async () => {
  jest.restoreAllMocks();
  await store.close();
  await rm(directory, { recursive: true });
});

const instance = (dataDir = directory, log = 'a-log'): Checkpoints =>
  new Checkpoints(new StoredLog(store.database), readConfig({ CRM_SYNC_DATA_DIR: dataDir }), log);
const record = (): Promise<unknown> => store.events.transact([recording('things', happened())], META);
const written = async (checkpoints: Checkpoints): Promise<Checkpoint[]> =>
  (await checkpoints.newestBefore(Infinity, 100)).map(({ checkpoint }) => checkpoint).toReversed();
const positions = async (checkpoints: Checkpoints): Promise<number[]> =>
  (await written(checkpoints)).map(({ position }) => position);
const recordMore = async (): Promise<void> => {
  // Whoever records again finds the stream as it is.
  const [{ next }] = (await store.rows('select count(*)::int + 1 as next from events')) as [{ next: number }];
  await store.events.transact([recording(`things-${next}`, happened())], META);
};

describe('checkpoints', () => {
  it('begin when there is something to sign, wait ten minutes, and are made once more at the end', async () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(0);
    const checkpoints = instance();
    await checkpoints.onApplicationBootstrap();
    expect(await positions(checkpoints)).toEqual([]);
    await record();
    await checkpoints.look();
    expect(await positions(checkpoints)).toEqual([1]);
    await recordMore();
    now.mockReturnValue(TEN_MINUTES - 1);
    await checkpoints.look();
    expect(await positions(checkpoints)).toEqual([1]);
    now.mockReturnValue(TEN_MINUTES);
    await checkpoints.look();
    now.mockReturnValue(2 * TEN_MINUTES);
    await checkpoints.look();
    expect(await positions(checkpoints)).toEqual([1, 2]);
    await recordMore();
    await checkpoints.beforeApplicationShutdown();
    expect(await positions(checkpoints)).toEqual([1, 2, 3]);
    expect((await written(checkpoints)).map(isGenuine)).toEqual([true, true, true]);
  });

  it('go on with the key and the file that are there, and add nothing where nothing has happened', async () => {
    await record();
    await instance().look();
    const again = instance();
    await again.look();
    await recordMore();
    await again.look();
    expect(await positions(again)).toEqual([1, 2]);
    expect(new Set((await written(again)).map(({ keyId }) => keyId)).size).toBe(1);
    expect((await stat(join(directory, 'checkpoint-key.pem'))).mode & 0o777).toBe(0o600);
  });

  it('of several programs with one data directory stand in one file, each line whole', async () => {
    await record();
    await Promise.all([instance().look(), instance().look(), instance().look()]);
    const lines = (await readFile(join(directory, 'checkpoints', 'a-log.jsonl'), 'utf8')).split('\n');
    const found = lines.filter((line) => line !== '').map(readCheckpoint);
    expect(found.length).toBeGreaterThan(0);
    expect(found.map((one) => one !== null && isGenuine(one))).toEqual(found.map(() => true));
    expect(new Set(found.map((one) => one?.keyId)).size).toBe(1);
  });

  it('of another log are in another file, and say nothing when somebody puts them into this one', async () => {
    await record();
    const other = instance(directory, 'another-log');
    await other.look();
    const mine = instance();
    await mine.look();
    const [line] = await written(other);
    await appendFile(join(directory, 'checkpoints', 'a-log.jsonl'), `${JSON.stringify(line)}\n`);
    expect(await positions(mine)).toEqual([1]);
    expect((await written(mine))[0]!.log).toBe('a-log');
  });

  it('are none where nothing can be written, or where the key is no key, and nothing else is the worse for it', async () => {
    await record();
    const file = join(directory, 'a-file');
    await writeFile(file, '');
    const nowhere = instance(file);
    await nowhere.onApplicationBootstrap();
    await nowhere.beforeApplicationShutdown();
    expect(await positions(nowhere)).toEqual([]);
    await writeFile(join(directory, 'checkpoint-key.pem'), 'no key');
    const broken = instance();
    await broken.look();
    expect(await positions(broken)).toEqual([]);
    expect(await readFile(join(directory, 'checkpoint-key.pem'), 'utf8')).toBe('no key');
    await mkdir(join(directory, 'checkpoints', 'no-file.jsonl'), { recursive: true });
    await expect(written(instance(directory, 'no-file'))).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

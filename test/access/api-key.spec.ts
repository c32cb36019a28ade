import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKey, loadApiKey } from '../../src/modules/access/api-key.ts';
import { ConfigError } from '../../src/shared/config.ts';

describe('the administrator’s key', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crm-sync-key-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is the configured one, and then none is written', async () => {
    const apiKey = 'a-key-of-the-operators-own-choice';
    expect(await loadApiKey({ apiKey, dataDir: folder })).toEqual({ key: apiKey, generatedNow: false });
    await expect(stat(join(folder, 'api-key'))).rejects.toThrow();
  });

  it('is made once, kept for its owner’s eyes only, and found again', async () => {
    const dataDir = join(folder, 'not', 'there', 'yet');
    const first = await loadApiKey({ apiKey: null, dataDir });
    expect(first).toEqual({ key: expect.stringMatching(/^crs_[A-Za-z0-9]{32,}$/), generatedNow: true });
    expect(await loadApiKey({ apiKey: null, dataDir })).toEqual({ key: first.key, generatedNow: false });
    const { mode } = await stat(join(dataDir, 'api-key'));
    expect(mode % 0o1000).toBe(0o600);
  });

  it('is one key however many programs start at once', async () => {
    const loaded = await Promise.all(
      Array.from({ length: 8 }, () => loadApiKey({ apiKey: null, dataDir: folder })),
    );
    expect(new Set(loaded.map(({ key }) => key)).size).toBe(1);
    expect(loaded.filter(({ generatedNow }) => generatedNow)).toHaveLength(1);
  });

  it.each(['', 'short', 'with a blank in the midst of it all'])(
    'is not a file with %j in it',
    async (content) => {
      await writeFile(join(folder, 'api-key'), content);
      await expect(loadApiKey({ apiKey: null, dataDir: folder })).rejects.toThrow(ConfigError);
      expect(await readFile(join(folder, 'api-key'), 'utf8')).toBe(content);
    },
  );

  it('needs a directory it can be kept in', async () => {
    await writeFile(join(folder, 'file'), '');
    const loading = loadApiKey({ apiKey: null, dataDir: join(folder, 'file') });
    await expect(loading).rejects.toThrow(/^CRM_SYNC_DATA_DIR /);
  });

  it('opens, and nothing else does', () => {
    const key = new ApiKey('crs_the-right-key-of-all-keys');
    expect(key.matches('crs_the-right-key-of-all-keys')).toBe(true);
    for (const wrong of [
      '',
      'crs_the-right-key-of-all-key',
      'crs_the-right-key-of-all-keysx',
      'CRS_the-right-key-of-all-keys',
    ]) {
      expect(key.matches(wrong)).toBe(false);
    }
  });
});

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigError, readConfig, readEncryptionKeys } from '../../src/shared/config.ts';
import { loadEncryptionKeys } from '../../src/shared/encryption-keys.ts';

const KEY = Buffer.alloc(32, 1).toString('base64');
const OTHER = Buffer.alloc(32, 2).toString('base64');
const DATABASE = 'postgres://someone@db.example:5432/crm';

const errorOf = (env: NodeJS.ProcessEnv): string => {
  try {
    readConfig(env);
    return 'no error';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
};

describe('without any setting', () => {
  it('everything has its default', () => {
    expect(readConfig({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      databaseUrl: null,
      dataDir: '.data',
      apiKey: null,
      encryptionKeys: null,
      simplybook: { restUrl: null, rpcUrl: null, maxRequestsPerSecond: 3 },
      deletions: { percent: 5, count: 20 },
      publicUrl: null,
      logLevel: 'info',
    });
  });

  it.each(['', ' ', '\n'])('a blank variable counts as absent: %j', (blank) => {
    const names = ['PORT', 'HOST', 'DATABASE_URL', 'CRM_SYNC_DATA_DIR', 'CRM_SYNC_API_KEY', 'LOG_LEVEL'];
    const all = [
      ...names,
      'SIMPLYBOOK_REST_URL',
      'SIMPLYBOOK_MAX_REQUESTS_PER_SECOND',
      'CRM_SYNC_DELETIONS_PERCENT',
      'CRM_SYNC_DELETIONS_COUNT',
      'CRM_SYNC_PUBLIC_URL',
    ];
    expect(readConfig(Object.fromEntries(all.map((name) => [name, blank])))).toEqual(readConfig({}));
  });

  it('variables of others do not matter', () => {
    expect(readConfig({ HOME: '/nowhere', PORTS: 'x', CRM_SYNC_: 'x' })).toEqual(readConfig({}));
  });
});

describe('settings', () => {
  it.each([
    ['https://crm.example/', 'https://crm.example'],
    ['https://crm.example/base//', 'https://crm.example/base'],
    [' http://127.0.0.1:3000 ', 'http://127.0.0.1:3000'],
  ])('take a public address to put paths behind: %j', (given, publicUrl) => {
    expect(readConfig({ CRM_SYNC_PUBLIC_URL: given })).toMatchObject({ publicUrl });
  });

  it('are all read', () => {
    const config = readConfig({
      PORT: '0',
      HOST: '::1',
      DATABASE_URL: DATABASE,
      CRM_SYNC_DATA_DIR: 'some/where',
      CRM_SYNC_API_KEY: 'x'.repeat(24),
      CRM_SYNC_ENCRYPTION_KEYS: `new:${KEY}, old:${OTHER}`,
      SIMPLYBOOK_REST_URL: 'http://127.0.0.1:9999',
      SIMPLYBOOK_RPC_URL: 'https://user-api.simplybook.example',
      SIMPLYBOOK_MAX_REQUESTS_PER_SECOND: '0.5',
      CRM_SYNC_DELETIONS_PERCENT: '2.5',
      CRM_SYNC_DELETIONS_COUNT: '0',
      CRM_SYNC_PUBLIC_URL: 'https://crm.example/base',
      LOG_LEVEL: 'silent',
    });
    expect(config).toEqual({
      port: 0,
      host: '::1',
      databaseUrl: DATABASE,
      dataDir: 'some/where',
      apiKey: 'x'.repeat(24),
      encryptionKeys: [
        { id: 'new', key: Buffer.alloc(32, 1) },
        { id: 'old', key: Buffer.alloc(32, 2) },
      ],
      simplybook: {
        restUrl: 'http://127.0.0.1:9999',
        rpcUrl: 'https://user-api.simplybook.example',
        maxRequestsPerSecond: 0.5,
      },
      deletions: { percent: 2.5, count: 0 },
      publicUrl: 'https://crm.example/base',
      logLevel: 'silent',
    });
  });

  const CANARY = 'c4n4ry';
  it.each<[variable: string, ...wrong: string[]]>([
    ['PORT', CANARY, '-1', '65536', '80.5', 'Infinity', `80 ${CANARY}`],
    ['HOST', `${CANARY} x`, `${CANARY}/`, `http://${CANARY}/`, `${CANARY}\n`],
    ['DATABASE_URL', CANARY, `mysql://${CANARY}@db/x`, `postgres//${CANARY}`, `http://${CANARY}`],
    [
      'CRM_SYNC_API_KEY',
      CANARY,
      'x'.repeat(23),
      `${CANARY} with a blank in it.`,
      `${CANARY}-ümläute-are-no-ASCII-either`,
    ],
    [
      'CRM_SYNC_ENCRYPTION_KEYS',
      CANARY,
      KEY,
      `${CANARY}:`,
      `${CANARY}:${KEY.slice(4)}`,
      `${CANARY}:${Buffer.alloc(16).toString('base64')}`,
      `${CANARY}:${Buffer.alloc(33).toString('base64')}`,
      `${CANARY}:${KEY.replace('=', '')}`,
      `${CANARY}:${KEY},`,
      `${CANARY}:${KEY},${CANARY}:${OTHER}`,
      `${CANARY}:${KEY},no key`,
      `${CANARY}!:${KEY}`,
      `${CANARY.repeat(6)}:${KEY}`,
    ],
    [
      'SIMPLYBOOK_REST_URL',
      CANARY,
      `http://${CANARY}.example`,
      `ftp://${CANARY}`,
      `http://127.0.0.1.${CANARY}.example`,
      `http://127.0.0.1@${CANARY}.example`,
    ],
    ['SIMPLYBOOK_RPC_URL', CANARY, `http://${CANARY}.example`, `javascript:${CANARY}`],
    ['SIMPLYBOOK_MAX_REQUESTS_PER_SECOND', CANARY, '-1', '1001', 'NaN', 'Infinity'],
    ['CRM_SYNC_DELETIONS_PERCENT', CANARY, '-1', '101', 'NaN'],
    ['CRM_SYNC_DELETIONS_COUNT', CANARY, '-1', '1.5', '1000001'],
    ['CRM_SYNC_PUBLIC_URL', CANARY, `ftp://${CANARY}`, `//${CANARY}`],
    ['LOG_LEVEL', CANARY, 'INFO', 'information'],
  ])('that make no sense are refused in one line that names %s and not its value', (variable, ...wrong) => {
    for (const value of wrong) {
      const message = errorOf({ [variable]: value });
      expect([value, message.split(' ', 1)[0]]).toEqual([value, variable]);
      expect(message).not.toMatch(/\n|c4n4ry/);
      if (value.length > 3) expect(message).not.toContain(value);
    }
  });

  it('cannot leave a database of one’s own without a key that one keeps', () => {
    expect(errorOf({ DATABASE_URL: DATABASE })).toMatch(
      /^CRM_SYNC_ENCRYPTION_KEYS is required with DATABASE_URL/,
    );
  });

  it.each(['http://localhost:1', 'http://127.0.0.1:1', 'http://[::1]:1', 'https://anywhere.example'])(
    'let the CRM be at %s',
    (url) => {
      expect(readConfig({ SIMPLYBOOK_REST_URL: url }).simplybook.restUrl).toBe(url);
    },
  );

  it('never make anything but a configuration or a ConfigError', () => {
    const names = [
      'PORT',
      'HOST',
      'DATABASE_URL',
      'CRM_SYNC_API_KEY',
      'CRM_SYNC_ENCRYPTION_KEYS',
      'SIMPLYBOOK_REST_URL',
    ];
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names, 'LOG_LEVEL'), fc.string({ unit: 'binary' })),
        (env) => {
          const message = errorOf(env);
          expect(
            message === 'no error' ||
              Object.keys(env).some((name) => message.startsWith(`${name} `)) ||
              message.includes('is required'),
          ).toBe(true);
        },
      ),
    );
  });
});

describe('encryption keys', () => {
  it('are read in the order in which they are written', () => {
    expect(readEncryptionKeys(` b:${OTHER} ,a:${KEY}`)?.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  const directories: string[] = [];
  afterEach(async () => {
    for (const path of directories.splice(0)) await rm(path, { recursive: true });
  });
  const emptyDirectory = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'crm-sync-keys-'));
    directories.push(path);
    return path;
  };

  it('of the environment win, and nothing is written', async () => {
    const dataDir = await emptyDirectory();
    const config = readConfig({ CRM_SYNC_DATA_DIR: dataDir, CRM_SYNC_ENCRYPTION_KEYS: `a:${KEY}` });
    expect(await loadEncryptionKeys(config)).toEqual([{ id: 'a', key: Buffer.alloc(32, 1) }]);
    expect(await readdir(dataDir)).toEqual([]);
  });

  it('are made once, however many start at the same time, and only their owner may read them', async () => {
    const dataDir = join(await emptyDirectory(), 'not', 'there', 'yet');
    const config = readConfig({ CRM_SYNC_DATA_DIR: dataDir });
    const loaded = await Promise.all(Array.from({ length: 20 }, () => loadEncryptionKeys(config)));
    const [first] = loaded;
    expect(first).toEqual([{ id: 'k1', key: expect.any(Buffer) }]);
    expect(first![0]!.key).toHaveLength(32);
    for (const keys of loaded) expect(keys).toEqual(first);
    expect(await readdir(dataDir)).toEqual(['encryption-keys']);
    expect((await stat(join(dataDir, 'encryption-keys'))).mode & 0o777).toBe(0o600);
    expect(await loadEncryptionKeys(config)).toEqual(first);
  });

  it('are different ones for every installation', async () => {
    const made = await Promise.all(
      [await emptyDirectory(), await emptyDirectory()].map((dataDir) =>
        loadEncryptionKeys(readConfig({ CRM_SYNC_DATA_DIR: dataDir })),
      ),
    );
    expect(made[0]![0]!.key).not.toEqual(made[1]![0]!.key);
  });

  it.each(['', 'k1:short', `k1:${KEY}x`, 'c4n4ry'])(
    'are never made anew over a file that is broken: %j',
    async (content) => {
      const dataDir = await emptyDirectory();
      const file = join(dataDir, 'encryption-keys');
      await writeFile(file, content);
      const loading = loadEncryptionKeys(readConfig({ CRM_SYNC_DATA_DIR: dataDir }));
      await expect(loading).rejects.toThrow(/^CRM_SYNC_DATA_DIR holds a file "encryption-keys" that is not/);
      await expect(loading).rejects.not.toThrow(/c4n4ry/);
      expect(await readFile(file, 'utf8')).toBe(content);
    },
  );

  it.each([join('postgres', 'PG_VERSION'), 'postgres-location'])(
    'are not made anew beside a database that was made with others: %s',
    async (trace) => {
      const dataDir = await emptyDirectory();
      await mkdir(join(dataDir, 'postgres'));
      await writeFile(join(dataDir, trace), '18');
      const before = await readdir(dataDir);
      const loading = loadEncryptionKeys(readConfig({ CRM_SYNC_DATA_DIR: dataDir }));
      await expect(loading).rejects.toThrow(
        /^CRM_SYNC_DATA_DIR holds a database, but not the file "encryption-keys".*backup/,
      );
      expect(await readdir(dataDir)).toEqual(before);
    },
  );

  it('that cannot be read are told by the variable', async () => {
    const dataDir = await emptyDirectory();
    await mkdir(join(dataDir, 'encryption-keys'));
    await expect(loadEncryptionKeys(readConfig({ CRM_SYNC_DATA_DIR: dataDir }))).rejects.toThrow(
      /^CRM_SYNC_DATA_DIR holds a file "encryption-keys" that this user cannot read/,
    );
  });

  it('may be several in the file, after somebody has put a new one in front', async () => {
    const dataDir = await emptyDirectory();
    await writeFile(join(dataDir, 'encryption-keys'), `k2:${OTHER},k1:${KEY}\n`);
    const keys = await loadEncryptionKeys(readConfig({ CRM_SYNC_DATA_DIR: dataDir }));
    expect(keys.map(({ id }) => id)).toEqual(['k2', 'k1']);
  });
});

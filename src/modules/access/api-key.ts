import { createHash, createHmac, randomInt, randomUUID, timingSafeEqual } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isNativeError } from 'node:util/types';
import { ConfigError } from '../../shared/config.ts';
import type { Config } from '../../shared/config.ts';
import { makeDataDirectory } from '../../shared/database/data-directory.ts';

/** The administrator, as events and answers name him. */
export const ADMIN = 'key:admin';

const FILE = 'api-key';
const PREFIX = 'crs_';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** About 238 bits. */
const LENGTH = 40;
const KEY = /^[\x21-\x7e]{24,4096}$/;

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/** The administrator's key, as a digest. */
export class ApiKey {
  private readonly digest: Buffer;

  constructor(key: string) {
    this.digest = digest(key);
  }

  /** Takes as long for a wrong key as for the right one. */
  matches(presented: string): boolean {
    return timingSafeEqual(digest(presented), this.digest);
  }

  /** Stands for a token in the database. Without the key nobody can make one, and with another key none fits. */
  mark(purpose: 'session' | 'link', token: string): Buffer {
    return createHmac('sha256', this.digest).update(`${purpose}\n${token}`).digest();
  }
}

const newKey = (): string =>
  PREFIX + Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');

/**
 * The key of CRM_SYNC_API_KEY, or the one kept in the data directory, which is made when there is none (0600).
 * @throws ConfigError when the data directory cannot be used or holds something else under that name
 */
export const loadApiKey = async ({
  apiKey,
  dataDir,
}: Pick<Config, 'apiKey' | 'dataDir'>): Promise<{ key: string; generatedNow: boolean }> => {
  if (apiKey !== null) return { key: apiKey, generatedNow: false };
  try {
    await makeDataDirectory(dataDir);
    const generatedNow = await offer(newKey(), dataDir);
    return { key: await readKey(dataDir), generatedNow };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(
      'CRM_SYNC_DATA_DIR',
      'must be a directory in which crm-sync can write and read its API key',
    );
  }
};

/** Writes the key unless there is one, whole or not at all, whoever else starts at the same time. */
const offer = async (key: string, dataDir: string): Promise<boolean> => {
  const draft = join(dataDir, `.${FILE}-${randomUUID()}`);
  try {
    await writeFile(draft, `${key}\n`, { mode: 0o600, flag: 'wx' });
    await link(draft, join(dataDir, FILE));
    return true;
  } catch (error) {
    if (isNativeError(error) && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

const readKey = async (dataDir: string): Promise<string> => {
  const key = (await readFile(join(dataDir, FILE), 'utf8')).trim();
  if (KEY.test(key)) return key;
  throw new ConfigError(
    'CRM_SYNC_DATA_DIR',
    `holds a file "${FILE}" that is no key of at least 24 characters: remove it to get a new key, or set CRM_SYNC_API_KEY`,
  );
};

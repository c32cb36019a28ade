import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, readEncryptionKeys } from './config.ts';
import type { Config, EncryptionKey } from './config.ts';
import { makeDataDirectory } from './database/data-directory.ts';

const FILE = 'encryption-keys';

/**
 * The keys of CRM_SYNC_ENCRYPTION_KEYS, or those kept in the data directory beside its own database, made when there are
 * none (0600). Whoever loses them loses every secret and every personal value of the log: the README says to back them up.
 * @throws ConfigError
 */
export const loadEncryptionKeys = async ({ encryptionKeys, dataDir }: Config): Promise<EncryptionKey[]> => {
  if (encryptionKeys !== null) return encryptionKeys;
  const file = join(await makeDataDirectory(dataDir), FILE);
  await offer(file, `k1:${randomBytes(32).toString('base64')}\n`);
  const keys = readEncryptionKeys((await readFile(file, 'utf8')).trim());
  if (keys !== null) return keys;
  throw new ConfigError(
    'CRM_SYNC_DATA_DIR',
    `holds a file "${FILE}" that is not id:base64(32 bytes): bring it back from your backup, without it the database cannot be read`,
  );
};

/** Writes the file unless there is one, whole or not at all, whoever else starts at the same time. */
const offer = async (file: string, content: string): Promise<void> => {
  const draft = `${file}-${randomUUID()}`;
  try {
    await writeFile(draft, content, { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

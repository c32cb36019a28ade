import { randomBytes, randomUUID } from 'node:crypto';
import { access, link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, readEncryptionKeys } from './config.ts';
import type { Config, EncryptionKey } from './config.ts';
import { makeDataDirectory } from './database/data-directory.ts';
import { failedWith } from './database/start-failure.ts';

const FILE = 'encryption-keys';

/**
 * The keys of CRM_SYNC_ENCRYPTION_KEYS, or those kept in the data directory beside its own database, made when there are
 * neither (0600). Whoever loses them loses every secret and every personal value of the log: the README says to back them up.
 * @throws ConfigError
 */
export const loadEncryptionKeys = async ({ encryptionKeys, dataDir }: Config): Promise<EncryptionKey[]> => {
  if (encryptionKeys !== null) return encryptionKeys;
  const directory = await makeDataDirectory(dataDir);
  if (!(await holdsDatabase(directory))) {
    await offer(join(directory, FILE), `k1:${randomBytes(32).toString('base64')}\n`);
  }
  return keptKeys(directory);
};

/** The keys in the data directory. @throws ConfigError when there are none, or they are no keys */
export const keptKeys = async (dataDir: string): Promise<EncryptionKey[]> => {
  const keys = readEncryptionKeys((await textOf(join(dataDir, FILE))).trim());
  if (keys !== null) return keys;
  throw new ConfigError(
    'CRM_SYNC_DATA_DIR',
    `holds a file "${FILE}" that is not id:base64(32 bytes): bring it back from your backup, without it the database cannot be read`,
  );
};

/** New keys beside a database would open nothing, and hide that its own are lost. */
export const holdsDatabase = async (dataDir: string): Promise<boolean> => {
  const traces = [join('postgres', 'PG_VERSION'), 'postgres-location'].map((name) =>
    access(join(dataDir, name)),
  );
  return Promise.any(traces).then(
    () => true,
    () => false,
  );
};

const textOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ConfigError(
      'CRM_SYNC_DATA_DIR',
      failedWith(error, 'ENOENT')
        ? `holds a database, but not the file "${FILE}" that it was made with: bring it back from your backup, or set CRM_SYNC_ENCRYPTION_KEYS to those keys`
        : `holds a file "${FILE}" that this user cannot read: give it to the user crm-sync runs as (chown), with mode 600`,
    );
  }
};

/** Writes the file unless there is one, whole or not at all, whoever else starts at the same time. */
const offer = async (file: string, content: string): Promise<void> => {
  const draft = `${file}-${randomUUID()}`;
  try {
    await writeFile(draft, content, { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

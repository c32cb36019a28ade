import { readdir, readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../shared/config.ts';
import type { Config } from '../shared/config.ts';
import { findBinaries } from '../shared/database/postgres-binaries.ts';
import { refuseOtherFiles } from '../shared/database/postgres-cluster.ts';
import { holdsDatabase, keptKeys } from '../shared/encryption-keys.ts';
import { Refusal } from '../shared/errors.ts';
import { broken, fine, look } from './finding.ts';
import type { Finding } from './finding.ts';
import { number } from './output.ts';

const WHAT = 'Data directory';
const LITTLE_SPACE = 1e9; // bytes

/** What stands in the data directory, as far as it can be told without changing anything. */
export const dataDirectory = async (config: Config): Promise<Finding[]> => {
  const { dataDir, apiKey, encryptionKeys } = config;
  const found = await stat(dataDir).catch(() => null);
  if (found?.isDirectory() === false)
    return [broken(WHAT, `${dataDir} is no directory`, 'Set CRM_SYNC_DATA_DIR to one.')];
  if (found === null) {
    return apiKey === null || encryptionKeys === null
      ? [
          look(
            WHAT,
            `${dataDir} is not there`,
            'The service makes it when it starts. Run this in its folder, or set CRM_SYNC_DATA_DIR.',
          ),
        ]
      : [];
  }
  const findings = [
    ...(await openFiles(dataDir)),
    ...(encryptionKeys === null ? await keys(dataDir) : []),
    ...(config.databaseUrl === null ? await ownDatabase(dataDir) : []),
    ...(await space(dataDir)),
  ];
  return findings.length > 0 ? findings : [fine(WHAT, dataDir)];
};

/** Keys must be readable by nobody else. */
const openFiles = async (dataDir: string): Promise<Finding[]> => {
  const findings: Finding[] = [];
  for (const file of ['api-key', 'encryption-keys']) {
    const mode = await stat(join(dataDir, file)).then(
      (one) => one.mode & 0o077,
      () => 0,
    );
    if (mode !== 0)
      findings.push(broken(WHAT, `others can read ${file}`, `chmod 600 ${join(dataDir, file)}`));
  }
  return findings;
};

/** Before there is a database there need be none. */
const keys = async (dataDir: string): Promise<Finding[]> => {
  const isThere = await stat(join(dataDir, 'encryption-keys')).catch(() => null);
  if (isThere === null && !(await holdsDatabase(dataDir))) return [];
  try {
    await keptKeys(dataDir);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [broken(WHAT, error.message, null)];
  }
};

const ownDatabase = async (dataDir: string): Promise<Finding[]> => {
  const elsewhere = await readFile(join(dataDir, 'postgres-location'), 'utf8').catch(() => '');
  const cluster = elsewhere.trim() === '' ? join(dataDir, 'postgres') : elsewhere.trim();
  // Whoever may not look into it knows nothing about it: PostgreSQL lets nobody in but its own account.
  const files = await readdir(cluster).catch(() => []);
  if (files.length === 0) return [];
  try {
    const { major } = await findBinaries(null);
    await refuseOtherFiles(cluster, major);
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [broken(WHAT, error.message, null)];
  }
};

const space = async (dataDir: string): Promise<Finding[]> => {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free >= LITTLE_SPACE) return [];
  const said = `${number(Math.round(free / 1e6))} MB are free`;
  return [look(WHAT, said, 'Make room: a full disk stops the database.')];
};

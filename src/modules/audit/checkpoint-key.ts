import { createPrivateKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failedWith } from '../../shared/database/start-failure.ts';

const FILE = 'checkpoint-key.pem';

/** The key that signs checkpoints, made in the data directory when there is none (0600). */
export const loadCheckpointKey = async (dataDir: string): Promise<KeyObject> => {
  const file = join(dataDir, FILE);
  const kept = await read(file);
  if (kept !== null) return keyIn(kept);
  await offer(file);
  return keyIn(await readFile(file, 'utf8'));
};

const keyIn = (pem: string): KeyObject => {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${FILE} holds a key that is not Ed25519.`);
  return key;
};

const read = async (file: string): Promise<string | null> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (failedWith(error, 'ENOENT')) return null;
    throw error;
  }
};

/** Writes a new key unless there is one, whole or not at all, whoever else does so at the same time. */
const offer = async (file: string): Promise<void> => {
  const draft = `${file}-${randomUUID()}`;
  const { privateKey } = generateKeyPairSync('ed25519');
  try {
    await writeFile(draft, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
    await link(draft, file);
  } catch (error) {
    if (!failedWith(error, 'EEXIST')) throw error;
  } finally {
    await rm(draft, { force: true });
  }
};

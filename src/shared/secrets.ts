import { createCipheriv, createDecipheriv, createSecretKey, randomFillSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { EncryptionKey } from './config.ts';

/** AES-256-GCM (NIST SP 800-38D): 96-bit random nonce, full 128-bit tag. */
const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;
const FORMAT = 1;

/** Random bytes, drawn in bulk: a call for each nonce costs as much as the encryption itself. None is handed out twice. */
const pool = Buffer.allocUnsafeSlow(16 * 1024);
let used = pool.length;
export const randomOnce = (bytes: number): Buffer => {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return Buffer.from(pool.subarray(used - bytes, used));
};

/** Something sealed cannot be opened: another key, another row, or tampered with. */
export class SealBroken extends Error {
  constructor(reason: string) {
    super(`A sealed value cannot be opened: ${reason}.`);
    this.name = 'SealBroken';
  }
}

/** nonce ‖ tag ‖ ciphertext; `context` (whose value, where it stands) is authenticated with it. */
export const encrypt = (key: KeyObject, plaintext: Buffer | string, context: string): Buffer => {
  const nonce = randomOnce(NONCE);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG });
  cipher.setAAD(Buffer.from(context));
  const body = typeof plaintext === 'string' ? cipher.update(plaintext, 'utf8') : cipher.update(plaintext);
  const rest = cipher.final();
  return Buffer.concat([nonce, cipher.getAuthTag(), body, rest]);
};

/** @throws SealBroken when key, context or bytes are not the ones it was encrypted with. */
export const decrypt = (key: KeyObject, sealed: Buffer, context: string): Buffer => {
  if (sealed.length < NONCE + TAG) throw new SealBroken('it is too short');
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]);
  } catch {
    throw new SealBroken('its key, its place or its bytes have changed');
  }
};

/**
 * The installation's keys: the first encrypts, all decrypt. A sealed value is `1 ‖ length of key id ‖ key id ‖ nonce ‖
 * tag ‖ ciphertext`, with format, key id and the place it belongs to authenticated, so that it opens nowhere else.
 */
export class Keyring {
  private readonly keys: Map<string, KeyObject>;
  private readonly newest: string;

  constructor(keys: readonly EncryptionKey[]) {
    const [first] = keys;
    if (first === undefined) throw new Error('A keyring needs a key.');
    this.newest = first.id;
    this.keys = new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]));
  }

  seal(plaintext: Buffer | string, place: string): Buffer {
    const header = Buffer.concat([Buffer.from([FORMAT, this.newest.length]), Buffer.from(this.newest)]);
    return Buffer.concat([header, encrypt(this.key(this.newest), plaintext, context(this.newest, place))]);
  }

  /** @throws SealBroken */
  open(sealed: Buffer, place: string): Buffer {
    if (sealed[0] !== FORMAT || sealed.length < 2) throw new SealBroken('its format is unknown');
    const end = 2 + (sealed[1] ?? 0);
    const id = sealed.subarray(2, end).toString();
    return decrypt(this.key(id), sealed.subarray(end), context(id, place));
  }

  private key(id: string): KeyObject {
    const key = this.keys.get(id);
    if (key === undefined) throw new SealBroken('its key is not among CRM_SYNC_ENCRYPTION_KEYS');
    return key;
  }
}

const context = (keyId: string, place: string): string => `${FORMAT}|${keyId}|${place}`;

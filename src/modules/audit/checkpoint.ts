import { createHash, createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { Head } from '../../shared/event-store/stored-log.ts';

/**
 * What somebody outside the database has signed: that the log had this hash at this position. A line of a file, and a
 * storage format: whoever has a copy must be able to check it for ever.
 */
export type Checkpoint = z.infer<typeof CHECKPOINT>;

const CHECKPOINT = z.object({
  /** Which log: the id that is sealed in the table `installation`. */
  log: z.string().regex(/^[a-z0-9-]{1,64}$/),
  position: z.int().min(1),
  /** Hex. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** By the clock of the machine that signed. */
  at: z.iso.datetime(),
  /** The first 16 hex digits of the SHA-256 of the public key. */
  keyId: z.string().regex(/^[0-9a-f]{16}$/),
  /** Ed25519, SPKI, base64. */
  publicKey: z.base64().max(100),
  /** Over `signedText`, base64. */
  signature: z.base64().max(100),
});

type Signed = Pick<Checkpoint, 'log' | 'position' | 'hash' | 'at'>;

/** The bytes that are signed: five lines. */
export const signedText = ({ log, position, hash, at }: Signed): string =>
  `crm-sync checkpoint\n${log}\n${position}\n${hash}\n${at}\n`;

export const signed = (log: string, { position, hash }: Head, at: string, key: KeyObject): Checkpoint => {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const what = { log, position, hash, at };
  return {
    ...what,
    keyId: keyIdOf(publicKey),
    publicKey: publicKey.toString('base64'),
    signature: sign(null, Buffer.from(signedText(what)), key).toString('base64'),
  };
};

/** Whether it says what was signed with the key that it names. Whose key that is, its reader has to know. */
export const isGenuine = (checkpoint: Checkpoint): boolean => {
  try {
    const der = Buffer.from(checkpoint.publicKey, 'base64');
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const isSigned = verify(
      null,
      Buffer.from(signedText(checkpoint)),
      key,
      Buffer.from(checkpoint.signature, 'base64'),
    );
    return key.asymmetricKeyType === 'ed25519' && checkpoint.keyId === keyIdOf(der) && isSigned;
  } catch {
    return false;
  }
};

/** Null: it is no checkpoint, for example the beginning of one that a crash cut off. */
export const readCheckpoint = (line: string): Checkpoint | null => {
  try {
    return CHECKPOINT.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
};

const keyIdOf = (publicKey: Buffer): string =>
  createHash('sha256').update(publicKey).digest('hex').slice(0, 16);

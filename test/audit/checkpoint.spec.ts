import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { isGenuine, readCheckpoint, signed, type Checkpoint } from '../../src/modules/audit/checkpoint.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const HEAD = { position: 41, hash: 'ab'.repeat(32) };
const ONE = signed('a-log', HEAD, '2026-11-22T15:30:00.000Z', privateKey);

describe('a checkpoint', () => {
  it('is genuine as it was signed, also when it comes from a file', () => {
    expect(isGenuine(ONE)).toBe(true);
    const read = readCheckpoint(JSON.stringify(ONE));
    expect(read).toEqual(ONE);
    expect(read !== null && isGenuine(read)).toBe(true);
  });

  it.each<[what: string, change: Partial<Checkpoint>]>([
    ['another position', { position: 7 }],
    ['another hash', { hash: '0'.repeat(64) }],
    ['another time', { at: '2020-01-01T00:00:00.000Z' }],
    ['another log', { log: 'b-log' }],
    ['another name of its key', { keyId: '0'.repeat(16) }],
    ['a key that is none', { publicKey: 'AAAA' }],
    ['a signature that is none', { signature: 'AAAA' }],
  ])('is not genuine with %s', (_, change) => {
    expect(isGenuine({ ...ONE, ...change })).toBe(false);
  });

  it('is not genuine when another key has signed it', () => {
    const { privateKey: other } = generateKeyPairSync('ed25519');
    const { signature } = signed('a-log', HEAD, ONE.at, other);
    expect(isGenuine({ ...ONE, signature })).toBe(false);
  });

  it.each(['', '{}', '[]', 'null', '{"position":1', '"x"', JSON.stringify({ ...ONE, position: '1' })])(
    'is not: %s',
    (line) => {
      expect(readCheckpoint(line)).toBeNull();
    },
  );
});

import { createSecretKey, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decrypt, encrypt, Keyring, SealBroken } from '../../src/shared/secrets.ts';

const OLD = { id: 'old', key: randomBytes(32) };
const NEW = { id: 'new', key: randomBytes(32) };
const PLACE = 'connection_secrets/1/secret';
const ring = new Keyring([OLD]);

const anything = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
);

describe('a sealed value', () => {
  it('opens where it was sealed, whatever it is', () => {
    fc.assert(
      fc.property(anything, fc.string(), (plaintext, place) => {
        expect(ring.open(ring.seal(plaintext, place), place)).toEqual(plaintext);
      }),
    );
  });

  it('opens as the same text', () => {
    expect(ring.open(ring.seal('Geheimnis äöü 🔑', PLACE), PLACE).toString()).toBe('Geheimnis äöü 🔑');
    expect(ring.open(ring.seal('', PLACE), PLACE).toString()).toBe('');
  });

  it('is another one every time', () => {
    const sealed = Array.from({ length: 5_000 }, () => ring.seal('same', PLACE).toString('hex'));
    expect(new Set(sealed).size).toBe(5_000);
    const nonces = sealed.map((hex) => hex.slice(2 * (2 + OLD.id.length)).slice(0, 24));
    expect(new Set(nonces).size).toBe(5_000);
  });

  it('does not show what is in it', () => {
    const secret = 'a-canary-in-the-coal-mine';
    expect(ring.seal(secret, PLACE).toString('latin1')).not.toContain(secret.slice(0, 6));
  });

  it.each(['connection_secrets/2/secret', 'connection_secrets/1/token', '', `${PLACE} `])(
    'does not open at another place: %j',
    (place) => {
      expect(() => ring.open(ring.seal('x', PLACE), place)).toThrow(SealBroken);
    },
  );

  it('does not open with another key of the same name', () => {
    const stranger = new Keyring([{ id: OLD.id, key: randomBytes(32) }]);
    expect(() => stranger.open(ring.seal('x', PLACE), PLACE)).toThrow(SealBroken);
  });

  it('says so when its key is not among the keys', () => {
    expect(() => new Keyring([NEW]).open(ring.seal('x', PLACE), PLACE)).toThrow(
      'its key is not among CRM_SYNC_ENCRYPTION_KEYS',
    );
  });

  it('does not open with any bit of it changed', () => {
    const sealed = ring.seal('twelve bytes', PLACE);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => ring.open(changed, PLACE)).toThrow(SealBroken);
    }
  });

  it('does not open when it is cut, at whatever place', () => {
    const sealed = ring.seal('twelve bytes', PLACE);
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => ring.open(sealed.subarray(0, length), PLACE)).toThrow(SealBroken);
    }
  });

  it('does not open with a shorter tag than the full one', () => {
    const key = createSecretKey(randomBytes(32));
    const sealed = encrypt(key, 'x', PLACE);
    const short = Buffer.concat([sealed.subarray(0, 12), sealed.subarray(12, 24), sealed.subarray(28)]);
    expect(() => decrypt(key, short, PLACE)).toThrow(SealBroken);
  });

  it('does not open, and breaks nothing, when it is just any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => ring.open(Buffer.from(bytes), PLACE)).toThrow(SealBroken);
      }),
    );
  });

  it('never tells its content, key or place in the error', () => {
    const sealed = ring.seal('a-canary', PLACE);
    sealed[sealed.length - 1]! ^= 1;
    let message = '';
    try {
      ring.open(sealed, PLACE);
    } catch (error) {
      message = String(error);
    }
    expect(message).toBe(
      'SealBroken: A sealed value cannot be opened: its key, its place or its bytes have changed.',
    );
  });
});

describe('changing keys', () => {
  const both = new Keyring([NEW, OLD]);

  it('opens what the old key has sealed', () => {
    expect(both.open(ring.seal('old', PLACE), PLACE).toString()).toBe('old');
  });

  it('seals with the first key', () => {
    const sealed = both.seal('new', PLACE);
    expect(new Keyring([NEW]).open(sealed, PLACE).toString()).toBe('new');
    expect(() => ring.open(sealed, PLACE)).toThrow(SealBroken);
  });

  it('does not let the name of another key be written over', () => {
    const twins = new Keyring([
      { id: 'aaa', key: OLD.key },
      { id: 'bbb', key: OLD.key },
    ]);
    const sealed = twins.seal('x', PLACE);
    sealed.write('bbb', 2);
    expect(() => twins.open(sealed, PLACE)).toThrow(SealBroken);
  });

  it('needs a key', () => {
    expect(() => new Keyring([])).toThrow('A keyring needs a key.');
  });
});

describe('what an earlier version has sealed', () => {
  // Made by another implementation of AES-256-GCM (Python's cryptography, OpenSSL). The layout is a storage format.
  const FIXED = '01026b31000102030405060708090a0ba8a9b033ef6e1a1f5a18eaff6435bc127bf3845d6e70b72a';

  it('opens', () => {
    const keys = new Keyring([{ id: 'k1', key: Buffer.alloc(32, 7) }]);
    expect(keys.open(Buffer.from(FIXED, 'hex'), 'place').toString()).toBe('crm-sync');
  });
});

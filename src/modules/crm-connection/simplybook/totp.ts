import { createHmac } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const bytesOf = (base32: string): Buffer => {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (let at = 0; at < base32.length; at += 1) {
    held = ((held << 5) | ALPHABET.indexOf(base32.charAt(at))) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 0xff);
  }
  return Buffer.from(bytes);
};

/** Which time step `now` (UTC milliseconds) lies in, and how long it lasts yet. */
export const timeStep = (now: number, lengthMs: number): { step: number; leftMs: number } => {
  const step = Math.floor(now / lengthMs);
  return { step, leftMs: (step + 1) * lengthMs - now };
};

/** What an authenticator app shows during this step: RFC 6238 with HMAC-SHA-1 and six digits. */
export const totpCode = (base32: string, step: number): string => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', bytesOf(base32)).update(counter).digest();
  const word = mac.readUInt32BE(mac[19]! & 0xf) & 0x7fffffff;
  return String(word % 1_000_000).padStart(6, '0');
};

import { randomBytes } from 'node:crypto';
import type { EdgeResponse } from '../../shared/http/edge-request.ts';
import { consoleFile } from './console-files.ts';

/** What Vite writes wherever the nonce of the answer belongs. */
const NONCE = 'CSP_NONCE';

/** Nothing inline but the style elements that carry the nonce of this very answer, nothing from anywhere else. */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join(';');

export type ConsolePage = { type: string; html: Buffer };

/** The console's one page for this answer, whose headers it sets; null: it has not been built. */
export const consolePage = (response: EdgeResponse): ConsolePage | null => {
  const index = consoleFile('', 'index.html');
  if (index === null) return null;
  const nonce = randomBytes(16).toString('base64');
  response.setHeader('Content-Security-Policy', policy(nonce));
  return { type: index.type, html: Buffer.from(index.bytes.toString().replaceAll(NONCE, nonce)) };
};

import type { IncomingMessage } from 'node:http';

/** The key of `Authorization: Bearer <key>` (RFC 6750); null without one. */
export const bearerToken = ({ headers }: IncomingMessage): string | null =>
  /^Bearer +([\x21-\x7e]{1,4096}) *$/i.exec(headers.authorization ?? '')?.[1] ?? null;

import type { IncomingMessage } from 'node:http';
import type { Session } from './sessions.ts';

const NAME = 'crm_sync_session';
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** The token of the session's cookie; null without one. */
export const sessionToken = ({ headers }: IncomingMessage): string | null => {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  const value = pairs.find(([name]) => name === NAME)?.[1] ?? '';
  return TOKEN.test(value) ? value : null;
};

/** No script can read it, no other site can make a browser send it. */
const cookie = (value: string, expires: Date, isHttps: boolean): string =>
  `${NAME}=${value}; Path=/; Expires=${expires.toUTCString()}; HttpOnly; SameSite=Strict${isHttps ? '; Secure' : ''}`;

export const sessionCookie = ({ token, expiresAt }: Session, isHttps: boolean): string =>
  cookie(token, new Date(expiresAt), isHttps);

export const noSessionCookie = (isHttps: boolean): string => cookie('', new Date(0), isHttps);

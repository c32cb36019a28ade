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

/** The cookie of a session: no script can read it, no other site can make a browser send it. */
export class SessionCookie {
  constructor(private readonly isHttps: boolean) {}

  of({ token, expiresAt }: Session): string {
    return this.written(token, new Date(expiresAt));
  }

  /** Takes it back. */
  none(): string {
    return this.written('', new Date(0));
  }

  private written(value: string, expires: Date): string {
    const secure = this.isHttps ? '; Secure' : '';
    return `${NAME}=${value}; Path=/; Expires=${expires.toUTCString()}; HttpOnly; SameSite=Strict${secure}`;
  }
}

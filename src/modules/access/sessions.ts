import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ApiKey } from './api-key.ts';
import { SessionsStore } from './sessions.store.ts';

/** Whoever has this token is signed in until then. */
export type Session = { token: string; expiresAt: string };

const newToken = (): string => randomBytes(32).toString('base64url');

/** People who have shown the API key once, in a browser. */
@Injectable()
export class Sessions {
  constructor(
    private readonly key: ApiKey,
    private readonly store: SessionsStore,
  ) {}

  /** Null: the key is wrong. */
  openByKey(key: string): Promise<Session | null> {
    return this.key.matches(key) ? this.open() : Promise.resolve(null);
  }

  /** Null: the code was never given out, is used up or too old. */
  async openByCode(code: string): Promise<Session | null> {
    return (await this.store.useLink(this.key.mark('link', code))) ? this.open() : null;
  }

  /** When the session expires; null when it is none. */
  find(token: string): Promise<string | null> {
    return this.store.find(this.key.mark('session', token));
  }

  close(token: string): Promise<void> {
    return this.store.close(this.key.mark('session', token));
  }

  /** A code that signs in once, within the next hour. */
  async offerCode(): Promise<string> {
    const code = newToken();
    await this.store.offerLink(this.key.mark('link', code));
    return code;
  }

  private async open(): Promise<Session> {
    const token = newToken();
    return { token, expiresAt: await this.store.open(this.key.mark('session', token)) };
  }
}

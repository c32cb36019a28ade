import { Refusal } from '../../shared/errors.ts';
import type { ClientPage } from './contract.ts';

/** The way into one company. `domain` is the regional domain it lives on, for example `simplybook.it`. */
export type CrmAccount = { company: string; login: string; secret: string; domain: string };

/** What a login brings. Lives in the database encrypted, never in a log. `obtainedAt` is UTC milliseconds. */
export type CrmToken = {
  token: string;
  refreshToken: string | null;
  domain: string | null;
  obtainedAt: number;
};

/** The one token that everybody who works for a connection shares. */
export abstract class CrmTokens {
  abstract current(): Promise<CrmToken | null>;
  /**
   * Replaces `stale` (null: there was none) by what `obtain` brings, and only once however many ask at a time: who
   * comes second gets the first one's token.
   */
  abstract replace(stale: CrmToken | null, obtain: () => Promise<CrmToken>): Promise<CrmToken>;
}

export type CrmSession = {
  account: CrmAccount;
  tokens: CrmTokens;
  /** Resolves when the next request may be sent. */
  pace: (signal: AbortSignal) => Promise<void>;
};

const SIGN_IN_WITHIN = 75_000; // ms

/** How long somebody who waits for an answer waits for a login: two tries and what lies between them. */
export const signInDeadline = (): AbortSignal => {
  const deadline = new AbortController();
  const late = new Refusal(
    'bad-gateway',
    'crm-unreachable',
    'The CRM did not answer the login in time. Nothing was changed. Try again in a few minutes.',
  );
  setTimeout(() => deadline.abort(late), SIGN_IN_WITHIN).unref();
  return deadline.signal;
};

/** One line of a connection test: what was tried, what came back, what to do about it. */
export type CrmCheck = { tried: string; ok: boolean; answered: string; advice: string | null };

/**
 * A CRM. One adapter folder each; adding one means a folder and a line of wiring in the module.
 * Every method refuses with one of `crm-credentials-refused`, `crm-two-factor-required`, `crm-api-not-allowed`,
 * `crm-locked-out`, `crm-company-unknown`, `crm-permission-denied` (unprocessable), `crm-domain-unknown` (invalid),
 * `crm-unreachable`, `crm-rate-limited`, `crm-answer-unusable` (bad-gateway), or throws the signal's reason.
 */
export abstract class CrmProvider {
  /** One login: what is refused is not sent again, what gets no proper answer once more. */
  abstract signIn(account: CrmAccount, pace: CrmSession['pace'], signal: AbortSignal): Promise<CrmToken>;
  abstract clientPages(session: CrmSession, signal: AbortSignal): AsyncGenerator<ClientPage, void, undefined>;
  /** Tries each way in, in order, and reports. Throws nothing but an abort. */
  abstract check(session: CrmSession, signal: AbortSignal): Promise<CrmCheck[]>;
}

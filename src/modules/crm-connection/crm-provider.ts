import { Refusal } from '../../shared/errors.ts';
import type {
  BookingPage,
  ClientLook,
  ClientPage,
  CrmWarning,
  CustomField,
  ListedSoFar,
} from './contract.ts';
import type { BookingRead, ClientRead, CrmDelivery } from '../webhooks/contract.ts';

/**
 * The way into one company. `domain` is the regional domain it lives on, for example `simplybook.it`; `totpSecret` what
 * the user's authenticator app was set up with (base32), where there is one.
 */
export type CrmAccount = {
  company: string;
  login: string;
  secret: string;
  totpSecret: string | null;
  domain: string;
};

/**
 * What a login brings. Lives in the database encrypted, never in a log. `obtainedAt` is UTC milliseconds. `way` is the
 * adapter's word for the way that worked: remembered with the token, so that the next login starts there.
 */
export type CrmToken = {
  token: string;
  refreshToken: string | null;
  domain: string | null;
  obtainedAt: number;
  way: string;
};

/** A token that everybody who works for a connection shares. */
export abstract class CrmTokens {
  /** Asked before each login. @throws the last refusal while it is too young; its `members` say `held`. */
  abstract mayLogIn(): Promise<void>;
  abstract current(): Promise<CrmToken | null>;
  /**
   * Replaces `stale` (null: there was none) by what `obtain` brings, and only once however many ask at a time: who
   * comes second gets the first one's token, or the refusal that the first one met. `obtain` is given the token as it
   * was stored; its refresh token has been struck off there, because it works once.
   */
  abstract replace(
    stale: CrmToken | null,
    obtain: (stored: CrmToken | null) => Promise<CrmToken>,
    signal: AbortSignal,
  ): Promise<CrmToken>;
}

/** What a login needs. */
export type CrmLogin = {
  account: CrmAccount;
  /** Resolves when the next request may be sent. */
  pace: (signal: AbortSignal) => Promise<void>;
  /** Marks a time step of the authenticator secret as used; false when it, or a later one, was used before. */
  takeStep: (step: number) => Promise<boolean>;
};

export type CrmSession = CrmLogin & {
  tokens: CrmTokens;
  /** For a second API of the same CRM that wants tokens of its own. What is refused there counts there alone. */
  otherTokens: CrmTokens;
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

/** Whether it tells that nothing was tried, because an earlier refusal is too young. */
export const isHeld = (error: unknown): boolean =>
  error instanceof Refusal && error.details.members?.['held'] === true;

/**
 * Which bookings are wanted, beside those that have changed since `changedSince`, and the zone the company says its times
 * in; null when nobody has told it.
 */
export type BookingWindow = { since: Date; changedSince: Date | null; timezone: string | null };

/** One line of a connection test: what was tried, what came back, what to do about it. */
export type CrmCheck = { tried: string; ok: boolean; answered: string; advice: string | null };

/** `way`: in words, how clients are listed; null when no way works. */
export type CrmReport = { way: string | null; checks: CrmCheck[] };

/**
 * A CRM. One adapter folder each; adding one means a folder and a line of wiring in the module.
 * Every method refuses with one of `crm-credentials-refused`, `crm-user-blocked`, `crm-address-unconfirmed`,
 * `crm-two-factor-required`, `crm-two-factor-refused`, `crm-api-not-allowed`, `crm-api-feature-off`, `crm-locked-out`,
 * `crm-company-unknown`, `crm-wrong-region`, `crm-permission-denied` (unprocessable), `crm-domain-unknown` (invalid),
 * `crm-unreachable`, `crm-rate-limited`, `crm-answer-unusable` (bad-gateway), or throws the signal's reason.
 */
export abstract class CrmProvider {
  /** As few attempts as tell whether these credentials open a way; what gets no proper answer is sent once more. */
  abstract signIn(login: CrmLogin, signal: AbortSignal): Promise<CrmToken>;
  /** `from`: to be read on from there where that is possible, else from the start. */
  abstract clientPages(
    session: CrmSession,
    signal: AbortSignal,
    from?: ListedSoFar,
  ): AsyncGenerator<ClientPage, void, undefined>;
  abstract bookingPages(
    session: CrmSession,
    window: BookingWindow,
    signal: AbortSignal,
  ): AsyncGenerator<BookingPage, void, undefined>;
  /** Makes of records that were put aside, as `record` of an unusable booking has them, what a listing would today. */
  abstract readBookings(
    session: CrmSession,
    records: readonly unknown[],
    timezone: string | null,
    signal: AbortSignal,
  ): Promise<Pick<BookingPage, 'bookings' | 'unreadable'>>;
  /** What these clients say in the company's own fields. Leaves out who is gone; where they are not shown it says why. */
  abstract clientFields(
    session: CrmSession,
    externalIds: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<{ externalId: string; fields: CustomField[] } | { warning: CrmWarning }, void, undefined>;
  /** Asks for these clients one by one. Stops early when the CRM tells nothing of several in a row. */
  abstract clientLooks(
    session: CrmSession,
    externalIds: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<[externalId: string, look: ClientLook], void, undefined>;
  abstract client(session: CrmSession, externalId: string, signal: AbortSignal): Promise<ClientRead>;
  abstract booking(
    session: CrmSession,
    externalId: string,
    window: Pick<BookingWindow, 'since' | 'timezone'>,
    signal: AbortSignal,
  ): Promise<BookingRead>;
  /** See CrmWebhooks of the contract. */
  abstract registerWebhooks(
    session: CrmSession,
    address: string,
    ours: string,
    signal: AbortSignal,
  ): Promise<string[] | null>;
  abstract removeWebhooks(session: CrmSession, ours: string, signal: AbortSignal): Promise<void>;
  abstract readDelivery(body: Record<string, unknown>): CrmDelivery;
  /** Tries each way in, in order, and reports. Throws nothing but an abort. */
  abstract check(session: CrmSession, signal: AbortSignal): Promise<CrmReport>;
}

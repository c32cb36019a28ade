import { Refusal, type RefusalDetails, type RefusalKind } from '../../../shared/errors.ts';
import { SIMPLYBOOK_DOMAINS } from './domains.ts';

/** A refusal in two halves: what happened and why, and what to do. Made of our own words only, never of the CRM's. */
export class CrmRefusal extends Refusal {
  readonly happened: string;
  readonly advice: string;

  constructor(kind: RefusalKind, code: string, happened: string, advice: string, details?: RefusalDetails) {
    super(kind, code, `${happened} ${advice}`, details);
    this.happened = happened;
    this.advice = advice;
  }
}

export const domainUnknown = (): CrmRefusal =>
  new CrmRefusal(
    'invalid',
    'crm-domain-unknown',
    'The domain is none of those that SimplyBook.me companies live on.',
    `Give the domain of your booking page's address: one of ${SIMPLYBOOK_DOMAINS.join(', ')}.`,
    { errors: [{ pointer: '/domain', detail: 'is not a domain of SimplyBook.me' }] },
  );

export const companyMalformed = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-company-unknown',
    'This cannot be a company login of SimplyBook.me: one has letters, digits, hyphens and underscores only.',
    "Give the first part of your booking page's address, for example acmestudio for https://acmestudio.simplybook.me.",
  );

export const companyUnknown = (company: string, domain: string): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-company-unknown',
    `SimplyBook.me knows no company ${company} on ${domain}.`,
    'Check the company login and the domain against the address of your booking page (https://<company>.<domain>): a company lives on exactly one domain.',
  );

export const credentialsRefused = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-credentials-refused',
    "SimplyBook.me refused the login: login or secret are wrong, the user is blocked, or this server's address is not confirmed yet.",
    'Enter the login as it stands in the column "Login" under Manage → Users, and that user\'s password or API User Key; if SimplyBook.me sent an e-mail to confirm a new IP address, confirm it first.',
  );

export const twoFactorRequired = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-two-factor-required',
    'SimplyBook.me asks for a second factor when this user logs in, and nobody is there to type it when a sync runs.',
    'Make an API User Key for the user (Settings → API User Keys) and enter it in place of the password, or connect a user without two-factor login. Codes from a stored authenticator secret (TOTP) are not supported yet.',
  );

export const apiNotAllowed = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-api-not-allowed',
    'SimplyBook.me does not let this user log in through its API: the company is in HIPAA mode, the custom feature "API" is off, or the role may not use it.',
    'Switch on the custom feature "API" and connect an administrator; in HIPAA mode ask SimplyBook.me for API access.',
  );

const LOCK_SECONDS = 600;

export const lockedOut = (retryAfterSeconds: number | null): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-locked-out',
    'SimplyBook.me has locked the login for a while, because there were too many attempts.',
    'Wait ten minutes and try again once; each further attempt can make the lock last longer.',
    { retryAfter: retryAfterSeconds ?? LOCK_SECONDS },
  );

export const permissionDenied = (happened: string): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-permission-denied',
    happened,
    'Connect an administrator, or give the user a role that may see all clients.',
  );

/** Why nothing usable came back from the network, as the end of a sentence. */
export const FAILURES = {
  'no-connection': 'no connection could be made',
  'too-slow': 'it did not answer in time',
  'broken-off': 'the connection broke off',
  'not-trusted': 'its certificate or encryption is not valid',
  'too-big': 'the answer was larger than we take',
  garbled: 'the answer could not be decoded',
} as const;

export type Failure = keyof typeof FAILURES;

/** `why` completes "could not be reached: …". */
export const unreachable = (why: string): CrmRefusal =>
  new CrmRefusal(
    'bad-gateway',
    'crm-unreachable',
    `SimplyBook.me could not be reached: ${why}.`,
    'Try again in a few minutes; if it stays like this, check that this server may open https connections to SimplyBook.me.',
  );

export const rateLimited = (retryAfterSeconds: number | null): CrmRefusal =>
  new CrmRefusal(
    'bad-gateway',
    'crm-rate-limited',
    'SimplyBook.me asks for fewer requests and kept asking after we had slowed down.',
    'Try again in some minutes; if it happens often, lower SIMPLYBOOK_MAX_REQUESTS_PER_SECOND.',
    retryAfterSeconds === null ? {} : { retryAfter: retryAfterSeconds },
  );

/** `why` completes "SimplyBook.me answered, but …". */
export const answerUnusable = (why: string): CrmRefusal =>
  new CrmRefusal(
    'bad-gateway',
    'crm-answer-unusable',
    `SimplyBook.me answered, but ${why}.`,
    'Nothing was taken from that answer. Try again later; if it stays like this, test the connection and report what it says.',
  );

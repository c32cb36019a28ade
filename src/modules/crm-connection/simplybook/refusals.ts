import { Refusal, type RefusalDetails, type RefusalKind } from '../../../shared/errors.ts';
import { SIMPLYBOOK_DOMAINS } from './domains.ts';

const LATER =
  'Nothing was taken from that answer. Try again later; if it stays like this, test the connection and report what it says.';

const UNREACHED =
  'Try again in a few minutes; if it stays like this, check that this server may open https connections to SimplyBook.me.';

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

export const wrongRegion = (company: string, domain: string, home: string): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-wrong-region',
    `The company ${company} does not live on ${domain} but on ${home}.`,
    `Connect it with "domain": "${home}".`,
    { members: { domain: home } },
  );

export const credentialsRefused = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-credentials-refused',
    'SimplyBook.me refused the login: login or secret are wrong.',
    'Enter the login as it stands in the column "Login" under Manage → Users (it may differ from the user\'s e-mail), and that user\'s password or API User Key.',
  );

export const userBlocked = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-user-blocked',
    'SimplyBook.me has blocked this user.',
    'Unblock the user under Manage → Users, or connect another administrator.',
  );

export const addressUnconfirmed = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-address-unconfirmed',
    "SimplyBook.me lets this user log in only after the e-mail about this server's new IP address has been confirmed.",
    'Follow the link in that e-mail and try again, or enter an API User Key in place of the password (Settings → API User Keys): it is bound to no address.',
  );

const WAYS_OUT =
  "Do one of three things: enter an API User Key in place of the password (Settings → API User Keys), give the secret of the user's authenticator app as totpSecret, or switch two-factor login off for this user.";

export const twoFactorRequired = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-two-factor-required',
    'SimplyBook.me asks for a second factor when this user logs in, and nobody is there to type it when a sync runs.',
    WAYS_OUT,
  );

/** The secret is there, but SimplyBook.me offers other factors only. */
export const noAuthenticator = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-two-factor-required',
    'SimplyBook.me asks this user for a code by text message; an authenticator app is not set up for the user.',
    'Set up the authenticator app as the second factor and give its secret as totpSecret, or enter an API User Key in place of the password (Settings → API User Keys), or switch two-factor login off for this user.',
  );

export const twoFactorRefused = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-two-factor-refused',
    'SimplyBook.me refused the code that was made from totpSecret: it is the secret of another app or user, or the clock of this server is wrong.',
    'Compare the clock, set up the authenticator app anew and give its secret as totpSecret; an API User Key needs no second factor at all.',
  );

/** HIPAA mode. */
export const apiNotAllowed = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-api-not-allowed',
    'SimplyBook.me does not let anybody log in through its API, because the company is in HIPAA mode.',
    'Ask SimplyBook.me for API access in HIPAA mode; without it clients cannot be synced.',
  );

/** Access denied at the login, for no reason that was told. */
export const loginForbidden = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-api-not-allowed',
    'SimplyBook.me does not let this user log in through its API and does not say why.',
    'Connect an administrator; see that the custom feature "API" is on and that the company is not in HIPAA mode.',
  );

export const apiFeatureOff = (): CrmRefusal =>
  new CrmRefusal(
    'unprocessable',
    'crm-api-feature-off',
    'The custom feature "API" is switched off for this company.',
    'Switch it on under Custom Features → API in SimplyBook.me, then try again.',
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

const SEES_TOO_LITTLE = 'Connect an administrator, or give the user a role that may see all clients.';

/** A user of the level "provider", for example. */
export const permissionDenied = (happened: string): CrmRefusal =>
  new CrmRefusal('unprocessable', 'crm-permission-denied', happened, SEES_TOO_LITTLE);

/** REST is no way to this company: it is not there, or takes no token. Another API may be one. */
export class RestClosed extends CrmRefusal {
  constructor(code: 'crm-permission-denied' | 'crm-answer-unusable', happened: string) {
    super(
      code === 'crm-permission-denied' ? 'unprocessable' : 'bad-gateway',
      code,
      happened,
      code === 'crm-permission-denied' ? SEES_TOO_LITTLE : LATER,
    );
  }
}

/** JSON-RPC is no way to this company: it is not there. */
export class RpcClosed extends CrmRefusal {
  constructor() {
    super(
      'bad-gateway',
      'crm-unreachable',
      'SimplyBook.me could not be reached: there is no JSON-RPC at its address.',
      UNREACHED,
    );
  }
}

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
  new CrmRefusal('bad-gateway', 'crm-unreachable', `SimplyBook.me could not be reached: ${why}.`, UNREACHED);

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
  new CrmRefusal('bad-gateway', 'crm-answer-unusable', `SimplyBook.me answered, but ${why}.`, LATER);

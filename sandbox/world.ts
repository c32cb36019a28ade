import type { Ask } from './answers.ts';
import type { Auth } from './auth.ts';
import type { Bookings } from './bookings.ts';
import type { Crm } from './clients.ts';
import type { Account, Credentials } from './credentials.ts';
import type { Faults } from './faults.ts';
import type { Requests } from './requests.ts';
import type { Tokens } from './tokens.ts';
import type { Webhooks } from './webhooks.ts';

/** What every route works with. */
export type World = {
  account: Account;
  crm: Crm;
  bookings: Bookings;
  webhooks: Webhooks;
  credentials: Credentials;
  tokens: Tokens;
  auth: Auth;
  faults: Faults;
  requests: Requests;
  /** Waited for between what was done and its answer. */
  beforeAnswer?: (ask: Ask) => Promise<void>;
};

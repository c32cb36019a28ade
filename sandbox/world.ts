import type { Auth } from './auth.ts';
import type { Crm } from './clients.ts';
import type { Account, Credentials } from './credentials.ts';
import type { Faults } from './faults.ts';
import type { Requests } from './requests.ts';
import type { Tokens } from './tokens.ts';

/** What the company's appointments have to offer to JSON-RPC: rows as JSON texts, by the filter of getBookings. */
export type RpcBookings = { rpcRows: (filter: Record<string, unknown>) => readonly string[] };

/** What every route works with. */
export type World = {
  account: Account;
  crm: Crm;
  credentials: Credentials;
  tokens: Tokens;
  auth: Auth;
  faults: Faults;
  requests: Requests;
  /** Absent: the company has no appointments. */
  bookings?: RpcBookings;
};

import type { Auth } from './auth.ts';
import type { Crm } from './clients.ts';
import type { Faults } from './faults.ts';
import type { Requests } from './requests.ts';

/** The one company of the sandbox and the user who may log in. `apiUserKey` works wherever the password does. */
export type Account = {
  company: string;
  login: string;
  password: string;
  apiUserKey: string;
  domain: string;
};

/** What every route works with. */
export type World = { account: Account; crm: Crm; auth: Auth; faults: Faults; requests: Requests };

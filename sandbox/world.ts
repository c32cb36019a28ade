import type { Account, Auth } from './auth.ts';
import type { Crm } from './clients.ts';
import type { Faults } from './faults.ts';
import type { Requests } from './requests.ts';

/** What every route works with. */
export type World = { account: Account; crm: Crm; auth: Auth; faults: Faults; requests: Requests };

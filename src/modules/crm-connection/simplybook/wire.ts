import type { CrmAccount, CrmLogin, CrmToken } from '../crm-provider.ts';
import { companyLogin, knownDomain } from './domains.ts';
import type { BoundedHttp } from './http.ts';
import { companyMalformed, domainUnknown } from './refusals.ts';
import type { SimplyBookSettings } from './settings.ts';

/** What every request needs: the two APIs' connections, their bounds, whose turn it is, and when to stop. */
export type Wire = CrmLogin & {
  rest: BoundedHttp;
  rpc: BoundedHttp;
  settings: SimplyBookSettings;
  signal: AbortSignal;
};

/** The company as SimplyBook.me wants it. @throws before anything is sent when company or domain cannot be its. */
export const checkedAccount = (account: CrmAccount): CrmAccount => {
  const domain = knownDomain(account.domain);
  if (domain === null) throw domainUnknown();
  const company = companyLogin(account.company);
  if (company === null) throw companyMalformed();
  return { ...account, company, domain };
};

const withoutSlash = (url: string | null): string | undefined => url?.replace(/\/+$/, '');

/** The domain a login answered with is followed when it is one of SimplyBook.me's. */
const domainOf = ({ account }: Wire, token: CrmToken | null): string =>
  knownDomain(token?.domain ?? null) ?? account.domain;

/** Where REST v2 is. */
export const restAddress = (wire: Wire, token: CrmToken | null): string =>
  withoutSlash(wire.settings.restUrl) ?? `https://user-api-v2.${domainOf(wire, token)}`;

/**
 * Where JSON-RPC is. Null when the operator's environment points REST elsewhere and says nothing of JSON-RPC: credentials
 * that are meant for that place must not go to another one.
 */
export const rpcAddress = (wire: Wire, token: CrmToken | null): string | null => {
  const { rpcUrl, restUrl } = wire.settings;
  if (rpcUrl === null && restUrl !== null) return null;
  return withoutSlash(rpcUrl) ?? `https://user-api.${domainOf(wire, token)}`;
};

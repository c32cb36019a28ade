import type { CrmCheck } from '../crm-provider.ts';
import { rpcAddress, type Wire } from './wire.ts';

/** Addresses that circulate in programs; no evidence that any of them ever existed. Tried for the report alone. */
const PATHS = ['/admin/clients', '/v2/admin/clients', '/admin/client'] as const;

const ADVICE = 'Nothing can be synced by this address, whatever it answers; see the lines above.';

/** Asked without a token: a place that nobody vouches for gets no secret. */
export const checkLegacy = async (wire: Wire): Promise<CrmCheck[]> => {
  const address = rpcAddress(wire, null);
  if (address === null) return [];
  const checks: CrmCheck[] = [];
  for (const path of PATHS) {
    await wire.pace(wire.signal);
    const exchange = await wire.rpc.exchange({ method: 'GET', url: `${address}${path}` }, wire.signal);
    const answered = exchange.kind === 'answer' ? `Status ${exchange.status}.` : 'No answer.';
    checks.push({ tried: `Legacy address: GET ${path}`, ok: false, answered, advice: ADVICE });
  }
  return checks;
};

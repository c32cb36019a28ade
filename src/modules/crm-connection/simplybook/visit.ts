import type { CrmSession } from '../crm-provider.ts';
import { RestVisit } from './rest-visit.ts';
import { RpcVisit } from './rpc-visit.ts';
import { VisitTokens } from './tokens.ts';
import type { Wire } from './wire.ts';

/** One job's use of a connection, by either API. */
export class Visit {
  readonly tokens: VisitTokens;
  readonly rest: RestVisit;
  readonly rpc: RpcVisit;

  constructor(wire: Wire, session: CrmSession) {
    this.tokens = new VisitTokens(wire, session);
    this.rest = new RestVisit(this.tokens);
    this.rpc = new RpcVisit(this.tokens);
  }

  /** JSON-RPC has answered where REST is closed: the next job starts there. */
  async rememberRpc(): Promise<void> {
    if (this.rpc.taken !== null) await this.tokens.remember(this.rpc.taken);
  }
}

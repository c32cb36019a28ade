import { Injectable } from '@nestjs/common';
import { CrmWebhooks } from '../webhooks/contract.ts';
import type { CrmDelivery } from '../webhooks/contract.ts';
import { CrmProvider } from './crm-provider.ts';
import { CrmSessions } from './crm-sessions.ts';

/** Works on the CRM's register of webhooks in a connection's name. */
@Injectable()
export class WebhookRegister extends CrmWebhooks {
  constructor(
    private readonly sessions: CrmSessions,
    private readonly provider: CrmProvider,
  ) {
    super();
  }

  register(
    connectionId: string,
    address: string,
    ours: string,
    signal: AbortSignal,
  ): Promise<string[] | null> {
    return this.sessions.once(connectionId, (session) =>
      this.provider.registerWebhooks(session, address, ours, signal),
    );
  }

  remove(connectionId: string, ours: string, signal: AbortSignal): Promise<void> {
    return this.sessions.once(connectionId, (session) => this.provider.removeWebhooks(session, ours, signal));
  }

  read(body: Record<string, unknown>): CrmDelivery {
    return this.provider.readDelivery(body);
  }
}

import { Injectable } from '@nestjs/common';
import { CrmRecords } from '../webhooks/contract.ts';
import type { BookingRead, ClientRead } from '../webhooks/contract.ts';
import { CrmProvider } from './crm-provider.ts';
import { CrmSessions } from './crm-sessions.ts';

/** Reads single records in a connection's name. */
@Injectable()
export class RecordReader extends CrmRecords {
  constructor(
    private readonly sessions: CrmSessions,
    private readonly provider: CrmProvider,
  ) {
    super();
  }

  client(connectionId: string, externalId: string, signal: AbortSignal): Promise<ClientRead> {
    return this.sessions.once(connectionId, (session) => this.provider.client(session, externalId, signal));
  }

  booking(connectionId: string, externalId: string, since: Date, signal: AbortSignal): Promise<BookingRead> {
    return this.sessions.once(connectionId, (session, { timezone }) =>
      this.provider.booking(session, externalId, { since, timezone }, signal),
    );
  }
}

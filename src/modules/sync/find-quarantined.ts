import { Injectable } from '@nestjs/common';
import { Refusal } from '../../shared/errors.ts';
import { Quarantine } from './quarantine.read-model.ts';
import type { QuarantinedRecord } from './quarantine.read-model.ts';

/** Looks records in quarantine up for people, and says in words why one is not to be had. */
@Injectable()
export class FindQuarantined {
  constructor(private readonly quarantine: Quarantine) {}

  async one(id: string): Promise<QuarantinedRecord> {
    const record = await this.quarantine.one(id);
    if (record !== undefined) return record;
    const detail =
      'No record waits under this id: there never was one, or it has been released meanwhile. GET /api/quarantine lists those that wait.';
    throw new Refusal('not-found', 'quarantine-not-found', detail);
  }

  /** A client, which is the only kind that people can replay. */
  async client(id: string): Promise<QuarantinedRecord> {
    const record = await this.one(id);
    if (record.kind === 'client') return record;
    const detail =
      'Only clients can be replayed. A booking is looked at again by every sync by itself: mend it in the CRM and sync, or dismiss it.';
    throw new Refusal('unprocessable', 'quarantine-kind', detail);
  }
}

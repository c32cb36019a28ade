import { Injectable } from '@nestjs/common';
import { Refusal } from '../../../shared/errors.ts';
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
}

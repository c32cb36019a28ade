import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { SummarizeSync } from '../contract.ts';
import { Quarantine } from '../quarantine/quarantine.read-model.ts';
import { SyncRuns } from './sync-runs.read-model.ts';

@QueryHandler(SummarizeSync)
export class SummarizeSyncHandler implements IQueryHandler<SummarizeSync> {
  constructor(
    private readonly runs: SyncRuns,
    private readonly quarantine: Quarantine,
  ) {}

  async execute() {
    const byCode = await this.quarantine.countByCode();
    const total = byCode.reduce((sum, { count }) => sum + count, 0);
    return { lastRuns: await this.runs.lastOfEach(), quarantine: { total, byCode } };
  }
}

import { CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { Refusal } from '../../../shared/errors.ts';
import { CancelRun, GetRun } from '../contract.ts';
import type { SyncRun } from '../contract.ts';
import { ActiveRuns } from './active-runs.store.ts';

@CommandHandler(CancelRun)
export class CancelRunHandler implements ICommandHandler<CancelRun> {
  constructor(
    private readonly queries: QueryBus,
    private readonly activeRuns: ActiveRuns,
  ) {}

  async execute({ runId, by }: CancelRun): Promise<SyncRun> {
    const asked = await this.activeRuns.cancel(runId, by);
    const run = await this.queries.execute(new GetRun(runId));
    if (asked) return run;
    throw new Refusal(
      'conflict',
      'run-ended',
      `This run has ended already (${run.status}). There is nothing to cancel.`,
    );
  }
}

import { CommandHandler, QueryHandler } from '@nestjs/cqrs';
import type { ICommandHandler, IQueryHandler } from '@nestjs/cqrs';
import { HoldLooks, LookAgain, SaidToBeGone } from './contract.ts';
import { LookLock } from './look-lock.store.ts';
import { Looks } from './looks.store.ts';

@CommandHandler(HoldLooks)
export class HoldLooksHandler implements ICommandHandler<HoldLooks> {
  constructor(
    private readonly lock: LookLock,
    private readonly looks: Looks,
  ) {}

  async execute({ connectionId, kind, since }: HoldLooks): Promise<ReadonlySet<string>> {
    await this.lock.share(connectionId);
    return new Set(await this.looks.since(connectionId, kind, since));
  }
}

@CommandHandler(LookAgain)
export class LookAgainHandler implements ICommandHandler<LookAgain> {
  constructor(private readonly looks: Looks) {}

  /** Sends no job: deliveries would have to wait for the transaction of a whole batch. The next sweep finds what is due. */
  execute({ connectionId, kind, externalIds, correlationId }: LookAgain): Promise<void> {
    return this.looks.askAgain(connectionId, kind, externalIds, correlationId);
  }
}

@QueryHandler(SaidToBeGone)
export class SaidToBeGoneHandler implements IQueryHandler<SaidToBeGone> {
  constructor(private readonly looks: Looks) {}

  execute({ connectionId }: SaidToBeGone): Promise<string[]> {
    return this.looks.gone(connectionId);
  }
}

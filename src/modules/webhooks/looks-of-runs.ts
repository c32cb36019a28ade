import { CommandHandler, QueryHandler } from '@nestjs/cqrs';
import type { ICommandHandler, IQueryHandler } from '@nestjs/cqrs';
import { HoldLooks, LookedAtSince, SaidToBeGone } from './contract.ts';
import { LookLock } from './look-lock.store.ts';
import { Looks } from './looks.store.ts';

@CommandHandler(HoldLooks)
export class HoldLooksHandler implements ICommandHandler<HoldLooks> {
  constructor(private readonly lock: LookLock) {}

  execute({ connectionId }: HoldLooks): Promise<void> {
    return this.lock.share(connectionId);
  }
}

@CommandHandler(LookedAtSince)
export class LookedAtSinceHandler implements ICommandHandler<LookedAtSince> {
  constructor(private readonly looks: Looks) {}

  /** Sends no job: deliveries would have to wait for the transaction of a whole batch. The next sweep finds what is due. */
  async execute({ connectionId, kind, externalIds, since }: LookedAtSince): Promise<ReadonlySet<string>> {
    return new Set(await this.looks.askAgain(connectionId, kind, externalIds, since));
  }
}

@QueryHandler(SaidToBeGone)
export class SaidToBeGoneHandler implements IQueryHandler<SaidToBeGone> {
  constructor(private readonly looks: Looks) {}

  execute({ connectionId }: SaidToBeGone): Promise<string[]> {
    return this.looks.gone(connectionId);
  }
}

import { CommandHandler, QueryHandler } from '@nestjs/cqrs';
import type { ICommandHandler, IQueryHandler } from '@nestjs/cqrs';
import { HoldLooks, LookedAtSince, SaidToBeGone } from './contract.ts';
import { LookLock } from './look-lock.store.ts';
import { LookQueue } from './look-queue.ts';
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
  constructor(
    private readonly looks: Looks,
    private readonly queue: LookQueue,
  ) {}

  async execute({ connectionId, kind, externalIds, since }: LookedAtSince): Promise<ReadonlySet<string>> {
    if (externalIds.length === 0) return new Set();
    const again = await this.looks.askAgain(connectionId, kind, externalIds, since);
    if (again.length > 0) await this.queue.send(connectionId, 0);
    return new Set(again);
  }
}

@QueryHandler(SaidToBeGone)
export class SaidToBeGoneHandler implements IQueryHandler<SaidToBeGone> {
  constructor(private readonly looks: Looks) {}

  execute({ connectionId }: SaidToBeGone): Promise<string[]> {
    return this.looks.gone(connectionId);
  }
}

import { randomUUID } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Interval } from '@nestjs/schedule';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import { Shutdown } from '../../../shared/shutdown.ts';
import { SyncCrm } from '../../sync/contract.ts';
import { SyncTimeTable } from './sync-times.read-model.ts';

const TICK = 1_000; // ms

/**
 * Looks every second whether the time of a connection has come, and starts its run. Every instance does; the row of
 * `sync_times` says which of them gets it, and its clock is the database's. Taking a time and starting the run are one
 * transaction: no crash loses the one or doubles the other.
 */
@Injectable()
export class FireSchedules implements BeforeApplicationShutdown {
  private readonly log = new Logger(FireSchedules.name);
  private firing: Promise<void> | null = null;

  constructor(
    private readonly commands: CommandBus,
    private readonly events: EventStore,
    private readonly times: SyncTimeTable,
    private readonly shutdown: Shutdown,
  ) {}

  /** A look that takes long is not joined by another. */
  @Interval(TICK)
  async tick(): Promise<void> {
    if (this.firing !== null || this.shutdown.signal.aborted) return;
    this.firing = this.fireAll();
    await this.firing;
    this.firing = null;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.firing;
  }

  private async fireAll(): Promise<void> {
    try {
      for (const connectionId of await this.times.due()) {
        if (this.shutdown.signal.aborted) return;
        await this.fireOne(connectionId);
      }
    } catch (error) {
      this.log.warn({ err: error }, 'schedules could not be looked at');
    }
  }

  /** One connection that cannot be started must not keep the others waiting; it is tried again at the next look. */
  private async fireOne(connectionId: string): Promise<void> {
    try {
      await this.events.transaction(() => this.fire(connectionId));
    } catch (error) {
      this.log.warn({ err: error, connectionId }, 'a scheduled sync could not be started');
    }
  }

  private async fire(connectionId: string): Promise<void> {
    const due = await this.times.take(connectionId);
    if (due === undefined) return;
    const by = { actor: 'schedule', correlationId: randomUUID() };
    const { runId, joined } = await this.commands.execute(new SyncCrm(connectionId, 'schedule', by));
    // A run that was started has moved it on itself.
    if (joined) await this.times.advance(due, runId);
  }
}

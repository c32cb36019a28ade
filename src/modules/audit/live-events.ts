import { Injectable } from '@nestjs/common';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { EventFilter } from '../../shared/event-store/event-filter.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import { pause } from '../../shared/pause.ts';
import { Shutdown } from '../../shared/shutdown.ts';

const POLL = 500; // ms
const AT_A_TIME = 200;

/** The log as it grows. */
@Injectable()
export class LiveEvents {
  constructor(
    private readonly events: EventStore,
    private readonly shutdown: Shutdown,
  ) {}

  /** Every event behind `after` that the filter lets through, once and in order, until the signal. */
  async *follow(
    after: number,
    filter: Omit<EventFilter, 'after' | 'before' | 'limit'>,
    signal: AbortSignal,
  ): AsyncGenerator<Recorded, void, undefined> {
    const enough = AbortSignal.any([signal, this.shutdown.signal]);
    let read = after;
    while (!enough.aborted) {
      const head = await this.events.head();
      // Up to the head everything is committed, so nothing can appear behind what has been read.
      const question = { ...filter, after: read, before: head + 1, limit: AT_A_TIME };
      const page = head > read ? await this.events.readAll(question) : [];
      yield* page;
      read = page.length === AT_A_TIME ? page.at(-1)!.position : Math.max(read, head);
      if (page.length < AT_A_TIME) await pause(POLL, enough).catch(() => undefined);
    }
  }
}

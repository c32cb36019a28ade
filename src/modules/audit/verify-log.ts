import { Injectable } from '@nestjs/common';
import { StoredLog } from '../../shared/event-store/stored-log.ts';
import type { Head, Place } from '../../shared/event-store/stored-log.ts';
import type { Checkpoint } from './checkpoint.ts';
import { isGenuine } from './checkpoint.ts';
import { Checkpoints } from './checkpoints.ts';
import {
  first,
  flawOfCheckpoint,
  flawOfHead,
  flawOfLink,
  flawOfPlace,
  forgedCheckpoint,
  GENESIS,
} from './log-flaws.ts';
import type { Flaw } from './log-flaws.ts';

const AT_A_TIME = 2_000;
const CHECKPOINTS_AT_A_TIME = 100;

export type Verdict = {
  ok: boolean;
  events: number;
  head: Head;
  firstBad: number | null;
  /** Null when all is well. */
  reason: string | null;
  checkpoints: { compared: number; unreadable: number };
};

/** The chain from the first event as far as it holds. */
type Walked = { events: number; hash: Buffer; flaw: Flaw | null };
type Compared = Verdict['checkpoints'] & { flaw: Flaw | null };

/**
 * Whether the log is what was recorded: each hash recomputed from what is stored, positions and versions without a gap, the
 * head, and every checkpoint that this installation has signed. Up to the head as it is at the beginning: later events do
 * not disturb, and nobody waits, for it reads a page at a time and holds nothing between.
 */
@Injectable()
export class VerifyLog {
  constructor(
    private readonly log: StoredLog,
    private readonly checkpoints: Checkpoints,
  ) {}

  /** @throws the signal's reason when it aborts */
  async verify(signal: AbortSignal): Promise<Verdict> {
    const { head, last } = await this.log.ends();
    const walked = await this.walk(head?.position ?? last, signal);
    const { events, hash } = walked;
    const chainFlaw = walked.flaw ?? flawOfHead(head, events, hash, last);
    const placeFlaw = await this.placeFlaw(events, signal);
    const { flaw, ...checkpoints } = await this.compare(last, signal);
    const worst = first([chainFlaw, placeFlaw, flaw]);
    return {
      ok: worst === null,
      events,
      head: head ?? { position: events, hash: hash.toString('hex') },
      firstBad: worst?.position ?? null,
      reason: worst?.reason ?? null,
      checkpoints,
    };
  }

  private async walk(upTo: number, signal: AbortSignal): Promise<Walked> {
    let walked: Walked = { events: 0, hash: GENESIS, flaw: null };
    for (let after = Number.MIN_SAFE_INTEGER; ;) {
      signal.throwIfAborted();
      const links = await this.log.links(after, upTo, AT_A_TIME);
      for (const link of links) {
        const flaw = flawOfLink(link, walked.events + 1, walked.hash);
        if (flaw !== null) return { ...walked, flaw };
        walked = { events: link.position, hash: link.hash!, flaw: null };
      }
      if (links.length < AT_A_TIME) return walked;
      after = links.at(-1)!.position;
    }
  }

  /** Of the events up to this position, which are in order as far as the chain is concerned. */
  private async placeFlaw(upTo: number, signal: AbortSignal): Promise<Flaw | null> {
    let flaw: Flaw | null = null;
    for (let previous: Place | null = null; ;) {
      signal.throwIfAborted();
      const places = await this.log.places(previous, upTo, AT_A_TIME);
      for (const place of places) {
        flaw = first([flaw, flawOfPlace(place, previous)]);
        previous = place;
      }
      if (places.length < AT_A_TIME) return flaw;
    }
  }

  private async compare(last: number, signal: AbortSignal): Promise<Compared> {
    const compared: Compared = { compared: 0, unreadable: 0, flaw: null };
    let batch: Checkpoint[] = [];
    for await (const { checkpoint } of this.checkpoints.lines()) {
      signal.throwIfAborted();
      if (checkpoint === null) compared.unreadable += 1;
      else if (batch.push(checkpoint) === CHECKPOINTS_AT_A_TIME) {
        await this.compareAll(batch, last, compared);
        batch = [];
      }
    }
    await this.compareAll(batch, last, compared);
    return compared;
  }

  private async compareAll(batch: readonly Checkpoint[], last: number, compared: Compared): Promise<void> {
    if (batch.length === 0) return;
    const stored = await this.log.hashesAt(batch.map(({ position }) => position));
    for (const checkpoint of batch) {
      const flaw = isGenuine(checkpoint)
        ? flawOfCheckpoint(checkpoint, stored.get(checkpoint.position), last)
        : forgedCheckpoint(checkpoint);
      compared.flaw = first([compared.flaw, flaw]);
      compared.compared += 1;
    }
  }
}

import { Injectable } from '@nestjs/common';
import { Refusal } from '../../shared/errors.ts';
import { Shutdown } from '../../shared/shutdown.ts';
import { VerifyLog } from './verify-log.ts';
import type { Verdict } from './verify-log.ts';

/** One reading of the whole log, and how many wait for it. */
type Round = { waiting: number; enough: AbortController; verdict: Promise<Verdict> };

/**
 * One verification at a time: whoever asks meanwhile waits for the next, together with all others who do, so that the answer
 * is about the log as it was when they asked or later. One that nobody waits for any more is broken off.
 */
@Injectable()
export class Verifications {
  private next: Round | null = null;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly log: VerifyLog,
    private readonly shutdown: Shutdown,
  ) {}

  async verify(gone: AbortSignal): Promise<Verdict> {
    const round = (this.next ??= this.round());
    round.waiting += 1;
    gone.addEventListener('abort', () => this.leave(round), { once: true });
    return round.verdict;
  }

  private round(): Round {
    const enough = new AbortController();
    const signal = AbortSignal.any([enough.signal, this.shutdown.signal]);
    const verdict = this.last.then(() => {
      if (this.next === round) this.next = null;
      return this.log.verify(signal).catch((error: unknown) => {
        throw signal.aborted ? brokenOff() : error;
      });
    });
    const round: Round = { waiting: 0, enough, verdict };
    this.last = verdict.catch(() => undefined);
    return round;
  }

  private leave(round: Round): void {
    round.waiting -= 1;
    if (round.waiting > 0) return;
    round.enough.abort();
    if (this.next === round) this.next = null;
  }
}

const brokenOff = (): Refusal =>
  new Refusal(
    'unavailable',
    'verification-broken-off',
    'The verification was broken off, because the service ends or nobody waited for it. Ask again.',
    { retryAfter: 5 },
  );

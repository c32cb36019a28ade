import { Injectable } from '@nestjs/common';
import { Refusal } from '../../shared/errors.ts';

/** People click twice: whoever asks for the very same while it is being tried shares the refusal that it meets. */
@Injectable()
export class SharedFailures {
  private readonly underWay = new Map<string, Promise<unknown>>();

  /** `what` may hold secrets: it is kept in memory, as long as the work lasts. */
  async share<T>(what: unknown[], work: () => Promise<T>): Promise<T> {
    const key = JSON.stringify(what);
    const leader = this.underWay.get(key);
    if (leader !== undefined) {
      await leader;
      return work();
    }
    const leading = work();
    const outcome = leading.catch((error: unknown) => {
      if (error instanceof Refusal) throw error;
    });
    outcome.catch(() => undefined);
    this.underWay.set(key, outcome);
    try {
      return await leading;
    } finally {
      this.underWay.delete(key);
    }
  }
}

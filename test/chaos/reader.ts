import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEvent, Page } from '../contract.ts';
import type { Instance } from './instance.ts';

/** Reads the log by position all the time, as a subscriber does, from whichever instance answers: each event once, in order (I5). */
export class Reader {
  readonly #instances: readonly Instance[];
  readonly #broken: (what: string) => void;
  readonly #hashes: string[] = [];
  #isDone = false;
  #reading: Promise<void> = Promise.resolve();

  constructor(instances: readonly Instance[], broken: (what: string) => void) {
    this.#instances = instances;
    this.#broken = broken;
  }

  start(): void {
    this.#reading = this.#read();
  }

  /** Reads on to the end of the log. Answers the hashes of all events, in the order in which they were read. */
  async finish(): Promise<readonly string[]> {
    this.#isDone = true;
    await this.#reading;
    while ((await this.#page()) > 0);
    return this.#hashes;
  }

  async #read(): Promise<void> {
    while (!this.#isDone) if ((await this.#page()) === 0) await sleep(150);
  }

  async #page(): Promise<number> {
    const up = this.#instances.filter(({ isUp }) => isUp);
    const instance = up[this.#hashes.length % Math.max(1, up.length)];
    const path = `/api/events?after=${this.#hashes.length}&limit=50`;
    const answer = await instance?.ask<Page<LogEvent>>('GET', path);
    if (answer?.status !== 200) return 0;
    for (const { position, hash } of answer.body.data) {
      if (position !== this.#hashes.length + 1)
        this.#broken(`I5 the reader got position ${position} after ${this.#hashes.length}`);
      this.#hashes.push(hash);
    }
    return answer.body.data.length;
  }
}

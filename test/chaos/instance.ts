import { setTimeout as sleep } from 'node:timers/promises';
import { startService, type Answer, type Service, type ServiceOptions } from '../service.ts';

/** One program of the cluster, which is killed, stopped and started again; whoever starts it is as patient as a supervisor. */
export class Instance {
  readonly name: string;
  readonly #options: ServiceOptions;
  readonly #broken: (what: string) => void;
  #service: Service | null = null;
  #starting: Promise<void> | null = null;
  #isPaused = false;
  #output = '';

  constructor(name: string, options: ServiceOptions, broken: (what: string) => void) {
    this.name = name;
    this.#options = options;
    this.#broken = broken;
  }

  /** Whether it can be asked. */
  get isUp(): boolean {
    return this.#service !== null && !this.#isPaused;
  }

  /** Tries until it comes up: it refuses to start while there is no database. */
  start(): Promise<void> {
    return (this.#starting ??= this.#start().finally(() => (this.#starting = null)));
  }

  async #start(): Promise<void> {
    while (this.#service === null) {
      try {
        this.#service = await startService(this.#options);
      } catch (error) {
        if (!/cannot start/.test(String(error))) this.#broken(`${this.name} did not start: ${String(error)}`);
        await sleep(250);
      }
    }
  }

  async kill(): Promise<void> {
    const service = this.#taken();
    await service?.kill();
  }

  /** SIGTERM, as a rolling restart does it: with 0 and in time, whatever the database does. */
  async stop(): Promise<void> {
    const service = this.#taken();
    await service?.stop().catch((error: unknown) => this.#broken(`${this.name}: ${String(error)}`));
  }

  pause(): void {
    if (this.#service === null) return;
    this.#isPaused = true;
    process.kill(this.#service.pid, 'SIGSTOP');
  }

  resume(): void {
    if (this.#service === null || !this.#isPaused) return;
    process.kill(this.#service.pid, 'SIGCONT');
    this.#isPaused = false;
  }

  /** Null: there was no answer, as must be expected of a program that is killed. Anything that should never be is told. */
  async ask<Body>(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: unknown,
  ): Promise<Answer<Body> | null> {
    const service = this.#service;
    if (service === null || this.#isPaused) return null;
    try {
      const answer = await service.api<Body>(method, path, body, headers);
      if (answer.status === 500) this.#broken(`${this.name} ${method} ${path}: ${answer.text}`);
      return answer;
    } catch (error) {
      if (!/fetch failed|terminated|socket/i.test(String(error)))
        this.#broken(`${this.name}: ${String(error)}`);
      return null;
    }
  }

  get api(): Service['api'] {
    return this.#service!.api;
  }

  /** Everything that all its programs have written. */
  get output(): string {
    return this.#output + (this.#service?.output() ?? '');
  }

  /** A program that nobody has told to end must run. */
  expectAlive(): void {
    const service = this.#service;
    if (service === null) return;
    try {
      process.kill(service.pid, 0);
    } catch {
      this.#broken(`${this.name} ended by itself: ${service.output().split('\n').slice(-3).join(' ')}`);
      this.#taken();
    }
  }

  #taken(): Service | null {
    this.resume();
    const service = this.#service;
    this.#service = null;
    this.#output += service?.output() ?? '';
    return service;
  }
}

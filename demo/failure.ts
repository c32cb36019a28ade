const REPORT = 'This should not happen: please report it with the lines above.';

/** The demo cannot go on. `message` says what happened and why, `advice` what to do. */
export class DemoFailure extends Error {
  readonly advice: string;

  constructor(message: string, advice = REPORT) {
    super(message);
    this.name = 'DemoFailure';
    this.advice = advice;
  }

  static unexpected(error: unknown): DemoFailure {
    return new DemoFailure(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** Somebody wants the demo to end, and that is all right. */
export class Interrupted extends Error {}

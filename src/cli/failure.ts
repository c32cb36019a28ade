/** How the command line ends: fine, with something to look at, or not at all. */
export const FINE = 0;
export const WITH_ERRORS = 1;
export const FAILED = 2;
/** As shells call an end by Ctrl-C. */
export const INTERRUPTED = 130;

/** Something that a person can do something about, told without a stack trace. */
export class Failure extends Error {
  constructor(
    message: string,
    /** What to do. */
    readonly advice: string | null = null,
    readonly exitCode: number = FAILED,
  ) {
    super(message);
    this.name = 'Failure';
  }
}

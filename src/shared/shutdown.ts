import { Injectable } from '@nestjs/common';

/** Told first when the program is to end: what takes long stops then, so that whoever waits for it still gets an answer. */
@Injectable()
export class Shutdown {
  private readonly controller = new AbortController();

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  begin(): void {
    this.controller.abort();
  }
}

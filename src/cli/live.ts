import { setTimeout as sleep } from 'node:timers/promises';
import { Unreachable } from './api.ts';
import type { Api } from './api.ts';
import { messages } from './messages.ts';
import type { Message } from './messages.ts';

/** The service sends something, if only a comment, every fifteen seconds. */
const LONGEST_SILENCE = 45_000; // ms
const ASK_AGAIN = 1_000; // ms

/** `lost` is told when nobody answers any more, `patience` is for how long that may be (ms). */
export type Listening = { signal?: AbortSignal; patience: number; lost: () => void };

/** What the service tells, also when it is restarted meanwhile: then behind what was told last. */
export async function* live(
  api: Api,
  path: string,
  { signal, patience, lost }: Listening,
): AsyncGenerator<Message, void, undefined> {
  let id: string | null = null;
  let lostAt: number | null = null;
  for (;;) {
    try {
      for await (const message of messages(untilSilent(api, path, id, signal))) {
        lostAt = null;
        id = message.id ?? id;
        yield message;
      }
    } catch (error) {
      const isOver = lostAt !== null && Date.now() - lostAt > patience;
      if (!(error instanceof Unreachable) || signal?.aborted === true || isOver) throw error;
    }
    if (lostAt === null) lost();
    lostAt ??= Date.now();
    await sleep(ASK_AGAIN, undefined, signal === undefined ? {} : { signal });
  }
}

/** A connection on which nothing comes, not even a sign of life, is given up. */
async function* untilSilent(
  api: Api,
  path: string,
  id: string | null,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const silence = new AbortController();
  const end = AbortSignal.any([silence.signal, ...(signal === undefined ? [] : [signal])]);
  const wait = (): NodeJS.Timeout => setTimeout(() => silence.abort(), LONGEST_SILENCE);
  let timer = wait();
  try {
    for await (const chunk of api.stream(path, id === null ? {} : { 'last-event-id': id }, end)) {
      clearTimeout(timer);
      yield chunk;
      timer = wait();
    }
  } finally {
    clearTimeout(timer);
  }
}

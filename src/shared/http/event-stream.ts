import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** One server-sent event; without a name it is a `message`. `data` is sent as JSON. */
export type Message = { event?: string; id?: number; data: unknown };

/** So often something is sent, if only a comment, so that nobody on the way takes the connection for dead. */
const SIGN_OF_LIFE = 15_000; // ms

/**
 * Answers with what `source` yields as server-sent events, as fast as they are read, until it ends or whoever listens has
 * gone: then the signal aborts. What can be refused has to be refused before.
 */
export const sendEvents = async (
  response: ServerResponse,
  source: (gone: AbortSignal) => AsyncIterable<Message>,
): Promise<void> => {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no', // a proxy must not collect them
  });
  response.flushHeaders();
  // Who asks for the headers alone wants no answer that never ends: nothing else could be asked on that connection.
  if (response.req.method === 'HEAD') {
    response.end();
    return;
  }
  const living = setInterval(() => response.write(': still here\n\n'), SIGN_OF_LIFE);
  try {
    for await (const message of source(gone.signal)) {
      if (gone.signal.aborted) break;
      if (!response.write(textOf(message))) await once(response, 'drain', { signal: gone.signal });
    }
    response.end();
  } catch (error) {
    // The answer has begun, so that breaking off is all that can be said.
    response.destroy();
    if (!gone.signal.aborted) throw error;
  } finally {
    clearInterval(living);
  }
};

const textOf = ({ event, id, data }: Message): string =>
  `${event === undefined ? '' : `event: ${event}\n`}${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;

import { pauseAfter } from './line.ts';

type Listener = (message: MessageEvent<string>) => void;

/**
 * Listens to what the service tells, until what this answers is called. A connection that breaks is opened anew at the address
 * of that moment, after longer and longer pauses. A page that nobody sees holds none: browsers have six for all pages together.
 */
export const listen = (addressOf: () => string, listeners: Record<string, Listener>): (() => void) => {
  let source: EventSource | null = null;
  let timer = 0;
  let failures = 0;
  const close = (): void => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = (): void => {
    close();
    source = new EventSource(addressOf());
    for (const [name, listener] of Object.entries(listeners)) source.addEventListener(name, listener);
    source.addEventListener('open', () => {
      failures = 0;
    });
    source.addEventListener('error', () => {
      close();
      timer = window.setTimeout(open, pauseAfter(failures++));
    });
  };
  const look = (): void => (document.hidden ? close() : open());
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    close();
  };
};

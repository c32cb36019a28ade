const AGAIN_AFTER = 3_000; // ms

type Listener = (message: MessageEvent<string>) => void;

/**
 * Listens to what the service tells, until what this answers is called. The browser mends a connection that breaks; one that it
 * gives up, because the answer was another one, is opened anew at the address of that moment.
 */
export const listen = (addressOf: () => string, listeners: Record<string, Listener>): (() => void) => {
  let source: EventSource | null = null;
  let timer = 0;
  const open = (): void => {
    const opened = new EventSource(addressOf());
    source = opened;
    for (const [name, listener] of Object.entries(listeners)) opened.addEventListener(name, listener);
    opened.addEventListener('error', () => {
      if (opened.readyState === EventSource.CLOSED) timer = window.setTimeout(open, AGAIN_AFTER);
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
};

const { fetch } = globalThis;

/** Longer bodies can be refused before they have been read, and are drained on a connection that goes on only. */
const SHORT = 10_000;

const isShort = (body: unknown): boolean =>
  body === undefined ||
  body === null ||
  body instanceof URLSearchParams ||
  ((typeof body === 'string' || body instanceof Uint8Array) && body.length <= SHORT);

/**
 * Before every test file: each request has a connection of its own. One that was kept may be closed by the other side, which
 * stood still for a while or was made to, at the very moment at which it is used again; a browser would ask once more.
 */
globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
  if (isShort(init?.body)) headers.set('connection', 'close');
  return fetch(input, { ...init, headers });
};

const { fetch } = globalThis;

/**
 * Before every test file: each request has a connection of its own. One that was kept may be closed by the other side, which
 * stood still for a while or was made to, at the very moment at which it is used again; a browser would ask once more.
 */
globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {}));
  headers.set('connection', 'close');
  return fetch(input, { ...init, headers });
};

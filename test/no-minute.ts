// Preloaded into the program by `NODE_OPTIONS=--import`: what it does every minute it does not, however long a test takes.
const MINUTE = 60_000;
const { setInterval } = globalThis;

const notByTheMinute = (callback: () => void, ms = 0, ...more: []): NodeJS.Timeout =>
  setInterval(ms < MINUTE ? callback : () => undefined, ms, ...more);
globalThis.setInterval = Object.assign(notByTheMinute, setInterval);

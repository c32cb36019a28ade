// Preloaded into the program by `NODE_OPTIONS=--import`: its clock is wrong by CLOCK_SHIFT milliseconds, and an hour more
// behind with each SIGUSR2.
const HOUR = 3_600_000;
const RealDate = Date;
let shift = Number(process.env['CLOCK_SHIFT'] ?? 0);

process.on('SIGUSR2', () => {
  shift -= HOUR;
});

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: unknown[], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [RealDate.now() + shift] : given, newTarget) as object,
  get: (target, name) => (name === 'now' ? () => RealDate.now() + shift : Reflect.get(target, name)),
});

import { setInterval } from 'node:timers';

const TICK = 50; // ms

let ticks = 0;
setInterval(() => (ticks += 1), TICK).unref();

/** Milliseconds that this process was able to live through: what the machine stood still, or was busy elsewhere, is nobody's delay. */
export const lived = (): number => ticks * TICK;

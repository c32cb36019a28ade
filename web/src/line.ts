import { useSyncExternalStore } from 'react';

/** Whether the service answers. Every request tells; the shell says it, and asks until it does. */
const changes = new EventTarget();
let isUp = true;
let upSince = 0;

export const heard = (answers: boolean): void => {
  if (answers === isUp) return;
  isUp = answers;
  if (answers) upSince = Date.now();
  changes.dispatchEvent(new Event('change'));
};

const subscribe = (listener: () => void): (() => void) => {
  changes.addEventListener('change', listener);
  return () => changes.removeEventListener('change', listener);
};

export const useIsUp = (): boolean => useSyncExternalStore(subscribe, () => isUp);

const FIRST = 1_000; // ms
const LONGEST = 15_000;
const STABLE = 60_000;

/** Longer and longer, and never for many pages at the same moment. */
export const pauseAfter = (failures: number): number =>
  Math.min(LONGEST, FIRST * 2 ** failures) * (0.75 + Math.random() / 2);

let failures = 0;

/** Asks whether it is ready, and nothing else, until it is. What this answers ends it. */
export const askUntilUp = (): (() => void) => {
  // A line that has just been mended and is gone again is not asked any faster for it.
  if (Date.now() - upSince > STABLE) failures = 0;
  let timer = 0;
  const wait = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), pauseAfter(failures++));
  };
  const ask = async (): Promise<void> => {
    const answer = await fetch('/health/ready').catch(() => null);
    if (answer?.ok === true) heard(true);
    else wait();
  };
  const atOnce = (): void => {
    if (!document.hidden) void ask();
  };
  wait();
  window.addEventListener('online', atOnce);
  document.addEventListener('visibilitychange', atOnce);
  return () => {
    clearTimeout(timer);
    window.removeEventListener('online', atOnce);
    document.removeEventListener('visibilitychange', atOnce);
  };
};

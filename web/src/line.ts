import { useSyncExternalStore } from 'react';

/** Whether the service answers. Every request tells; the shell says it, and asks until it does. */
const changes = new EventTarget();
let isUp = true;

export const heard = (answers: boolean): void => {
  if (answers === isUp) return;
  isUp = answers;
  changes.dispatchEvent(new Event('change'));
};

const subscribe = (listener: () => void): (() => void) => {
  changes.addEventListener('change', listener);
  return () => changes.removeEventListener('change', listener);
};

export const useIsUp = (): boolean => useSyncExternalStore(subscribe, () => isUp);

/** Asks whether it is ready, and nothing else. */
export const probe = async (): Promise<void> => {
  const answer = await fetch('/health/ready').catch(() => null);
  if (answer?.ok === true) heard(true);
};

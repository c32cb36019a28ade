import { useLayoutEffect } from 'react';
import type { RefObject } from 'react';

/** While it is there nothing else can be reached, by keyboard neither, nor dialogs that stand open; then all is as it was, the focus too. */
export const useNothingElse = (layer: RefObject<HTMLElement | null>): void => {
  useLayoutEffect(() => {
    const before = lastFocused;
    const others = [...document.body.children].filter(
      (child): child is HTMLElement => child instanceof HTMLElement && !child.contains(layer.current),
    );
    for (const other of others) other.inert = true;
    isAlone = true;
    layer.current?.querySelector('input')?.focus();
    return () => {
      isAlone = false;
      for (const other of others) other.inert = false;
      before?.focus();
    };
  }, [layer]);
};

let isAlone = false;
let lastFocused: HTMLElement | null = null;

document.addEventListener('focusin', ({ target }) => {
  if (isAlone || !(target instanceof HTMLElement) || target.closest('.before-all') !== null) return;
  lastFocused = target;
});

// Listened to before any dialog does: Escape would close the one behind, with what has been typed there.
window.addEventListener(
  'keydown',
  (event) => {
    if (isAlone && event.key === 'Escape') event.stopImmediatePropagation();
  },
  { capture: true },
);

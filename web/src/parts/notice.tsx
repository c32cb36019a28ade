import { Notification, Portal } from '@mantine/core';
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { Unreachable } from '../api.ts';
import { CheckIcon, CrossIcon } from '../icons.tsx';
import { useIsUp } from '../line.ts';

type Notice = { text: string; isTrouble: boolean; isOfLine?: boolean };
type Say = { said: (text: string) => void; failed: (error: unknown) => void };

const SHOWN = 6_000; // ms
const Context = createContext<Say>({ said: () => undefined, failed: () => undefined });

/** One line about what has just been done, or why it was not. */
export const useNotice = (): Say => use(Context);

export const sentenceOf = (error: unknown): string =>
  error instanceof Error ? error.message : 'Something failed in this page. Load it again.';

export function NoticeProvider({ children }: { children: ReactNode }) {
  const [notice, setNotice] = useState<Notice | null>(null);
  const timer = useRef(0);
  const show = useCallback((notice: Notice) => {
    clearTimeout(timer.current);
    setNotice(notice);
    if (!notice.isTrouble) timer.current = window.setTimeout(() => setNotice(null), SHOWN);
  }, []);
  const say = useMemo(
    (): Say => ({
      said: (text) => show({ text, isTrouble: false }),
      failed: (error) =>
        show({ text: sentenceOf(error), isTrouble: true, isOfLine: error instanceof Unreachable }),
    }),
    [show],
  );
  const isUp = useIsUp();
  useEffect(() => {
    // That no answer came is no news any more when one comes.
    if (isUp) setNotice((notice) => (notice?.isOfLine === true ? null : notice));
  }, [isUp]);
  return (
    <Context value={say}>
      {children}
      <Portal>
        <div
          role="status"
          aria-live="polite"
          style={{ position: 'fixed', insetInline: 16, bottom: 16, zIndex: 500, pointerEvents: 'none' }}
        >
          {notice !== null && (
            <Notification
              maw={440}
              ml="auto"
              withBorder
              color={notice.isTrouble ? 'red.8' : 'teal.8'}
              icon={notice.isTrouble ? <CrossIcon size={16} /> : <CheckIcon size={16} />}
              closeButtonProps={{ 'aria-label': 'Close this message' }}
              onClose={() => setNotice(null)}
              style={{ pointerEvents: 'auto' }}
            >
              {notice.text}
            </Notification>
          )}
        </div>
      </Portal>
    </Context>
  );
}

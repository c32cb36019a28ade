import { Button, Group, Modal, Stack } from '@mantine/core';
import { createContext, use, useCallback, useState } from 'react';
import type { ReactNode } from 'react';

type Question = { title: string; body: ReactNode; action: string; isGrave?: boolean };
type Asked = Question & { answer: (yes: boolean) => void };

const Context = createContext<(question: Question) => Promise<boolean>>(() => Promise.resolve(false));

/** Asks before something is done that cannot be taken back at once. */
export const useConfirm = (): ((question: Question) => Promise<boolean>) => use(Context);

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const [isOpen, setOpen] = useState(false);
  const ask = useCallback(
    (question: Question) =>
      new Promise<boolean>((resolve) => {
        setAsked({ ...question, answer: resolve });
        setOpen(true);
      }),
    [],
  );
  const answer = (yes: boolean): void => {
    // The question stays to be read while the dialog fades.
    asked?.answer(yes);
    setOpen(false);
  };
  return (
    <Context value={ask}>
      {children}
      <Modal
        opened={isOpen}
        onClose={() => answer(false)}
        title={asked?.title}
        centered
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Stack>
          <div>{asked?.body}</div>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => answer(false)}>
              Keep it as it is
            </Button>
            <Button color={asked?.isGrave === true ? 'red.8' : undefined} onClick={() => answer(true)}>
              {asked?.action}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Context>
  );
}

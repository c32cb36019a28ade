import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';

type Props = { problems: Record<string, string>; submit: () => void; children: ReactNode };

/** A form that says itself what is wrong, and leads whoever sends it to the first field that is. */
export function Form({ problems, submit, children }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const told = JSON.stringify(problems);
  useEffect(() => {
    if (told !== '{}') form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [told]);
  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {children}
    </form>
  );
}

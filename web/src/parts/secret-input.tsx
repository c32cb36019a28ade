import { PasswordInput } from '@mantine/core';
import type { PasswordInputProps } from '@mantine/core';

type Props = Omit<PasswordInputProps, 'value' | 'onChange'> & {
  value: string;
  change: (secret: string) => void;
};

/** A password or key: never offered to be kept by the browser. */
export function SecretInput({ error, change, ...props }: Props) {
  return (
    <PasswordInput
      autoComplete="off"
      visibilityToggleButtonProps={{ 'aria-label': 'Show what was entered' }}
      error={error}
      aria-invalid={Boolean(error)}
      onChange={({ currentTarget }) => change(currentTarget.value)}
      {...props}
    />
  );
}

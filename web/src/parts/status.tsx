import { Badge } from '@mantine/core';
import { plain } from './words.ts';

/** Green is well, yellow wants a look, red has failed, gray is over or neutral. */
const COLORS: Record<string, string> = {
  succeeded: 'teal',
  connected: 'teal',
  active: 'teal',
  confirmed: 'teal',
  running: 'blue',
  created: 'teal',
  updated: 'blue',
  linked: 'violet',
  'succeeded-with-errors': 'yellow',
  suspicious: 'orange',
  'needs-attention': 'orange',
  pending: 'yellow',
  confirmed_pending: 'yellow',
  waiting: 'yellow',
  interrupted: 'orange',
  failed: 'red',
};

export function Status({ of }: { of: string }) {
  const color = COLORS[of] ?? 'gray';
  return (
    <Badge
      variant="light"
      color={color}
      radius="sm"
      tt="none"
      fw={550}
      styles={{ root: { '--badge-color': `light-dark(var(--mantine-color-${color}-9), var(--mantine-color-${color}-2))` } }}
    >
      {plain(of)}
    </Badge>
  );
}

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
  const tone = `var(--mantine-color-${COLORS[of] ?? 'gray'}-6)`;
  return (
    <span className="status" style={{ '--tone': tone } as React.CSSProperties}>
      {plain(of)}
    </span>
  );
}

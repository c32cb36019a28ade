import { Alert, Stack, Text } from '@mantine/core';
import type { Summary } from '../api.ts';
import { QuarantineIcon } from '../icons.tsx';
import { Link } from '../link.tsx';
import { counted } from '../parts/words.ts';

const UNWELL = new Set(['failed', 'suspicious', 'interrupted']);

/** What somebody should look at. Nothing, when all is well. */
export function Attention({ summary: { connections, runs, quarantine } }: { summary: Summary }) {
  const troubled = connections.filter(({ attention }) => attention !== null);
  const unwell = runs.last.filter(
    ({ status, connectionId }) => UNWELL.has(status) && !troubled.some(({ id }) => id === connectionId),
  );
  if (troubled.length + unwell.length + quarantine.total === 0) return null;
  const isGrave = troubled.length + unwell.length > 0;
  return (
    <Alert
      color={isGrave ? 'orange' : 'yellow'}
      icon={<QuarantineIcon />}
      title={isGrave ? 'Needs your attention' : 'Worth a look'}
    >
      <Stack gap={6}>
        {troubled.map(({ id, name, attention }) => (
          <Text key={id} size="sm">
            <Link to="/settings/connections/$id" params={{ id }} size="sm" fw={550}>
              {name}
            </Link>
            : {attention?.detail}
          </Text>
        ))}
        {unwell.map(({ id, connectionId, error }) => (
          <Text key={id} size="sm">
            <Link to="/runs/$id" params={{ id }} size="sm" fw={550}>
              {connections.find((one) => one.id === connectionId)?.name ?? 'A sync'}
            </Link>
            : {toldOf(error)}
          </Text>
        ))}
        {quarantine.total > 0 && (
          <Text size="sm">
            {counted(quarantine.total, 'record')} could not be taken.{' '}
            <Link to="/quarantine" size="sm" fw={550}>
              Repair them
            </Link>
          </Text>
        )}
      </Stack>
    </Alert>
  );
}

const HELD = 'many clients are not listed any more. See whether they are really gone, and approve it then.';

/** What programs are told to do about held deletions is done on the page of the run. */
const toldOf = (error: object | null): string => {
  const { code, detail } = (error ?? {}) as { code?: unknown; detail?: unknown };
  if (code === 'deletions-held') return HELD;
  return `the last sync did not end well. ${typeof detail === 'string' ? detail : ''}`;
};

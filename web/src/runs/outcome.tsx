import { Alert, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { Run } from '../api.ts';
import { Link } from '../link.tsx';
import { quarantine } from '../queries.ts';
import { HeldDeletions } from './held-deletions.tsx';
import { Statistics } from './statistics.tsx';

const SHOWN = 10;

const UNENDED = 'It did not come to its end';
const TITLES: Partial<Record<Run['status'], string>> = {
  cancelled: 'It was cancelled',
  suspicious: 'What the CRM listed is doubtful',
};

/** How a run ended: why it failed, what it warns of, its statistics, and what it could not take. */
export function Outcome({ run }: { run: Run }) {
  return (
    <Stack gap="lg">
      {run.error !== null && run.heldDeletions === null && (
        <Alert color={run.status === 'cancelled' ? 'gray' : 'red'} title={TITLES[run.status] ?? UNENDED}>
          {run.error.detail}
        </Alert>
      )}
      {run.warnings.map(({ code, detail }) => (
        <Alert key={code} color="orange" title="Worth knowing">
          {detail}
        </Alert>
      ))}
      {run.heldDeletions !== null && <HeldDeletions runId={run.id} held={run.heldDeletions} />}
      <Statistics counts={run.counts} absences={run.absences} />
      {run.counts.quarantined + run.counts.bookings.quarantined > 0 && <NotTaken run={run} />}
    </Stack>
  );
}

function NotTaken({ run }: { run: Run }) {
  const { data } = useInfiniteQuery(
    quarantine({ status: 'waiting', code: null, connectionId: run.connectionId }),
  );
  const waiting = (data?.pages[0]?.data ?? []).filter(({ lastSeenAt }) => lastSeenAt >= run.startedAt);
  if (waiting.length === 0) return null;
  return (
    <div>
      <Text size="sm" fw={600} mb={6}>
        Could not be taken
      </Text>
      <Stack gap={6} component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
        {waiting.slice(0, SHOWN).map(({ id, detail }) => (
          <li key={id}>
            <Link to="/quarantine" search={{ open: id }} size="sm">
              {detail}
            </Link>
          </li>
        ))}
      </Stack>
      <Link to="/quarantine" size="sm" mt="xs" display="inline-block" fw={550}>
        Repair them in the quarantine
      </Link>
    </div>
  );
}

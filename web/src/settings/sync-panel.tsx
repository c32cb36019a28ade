import { Button, Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { answered, api } from '../api.ts';
import type { Connection, Run } from '../api.ts';
import { RunsIcon } from '../icons.tsx';
import { Link } from '../link.tsx';
import { Card } from '../parts/page.tsx';
import { Empty, LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time, duration } from '../parts/time.tsx';
import { useDeed } from '../parts/use-deed.ts';
import { queries, runs } from '../queries.ts';
import { Announced } from '../runs/announced.tsx';
import { Outcome } from '../runs/outcome.tsx';
import { RunningProgress } from '../runs/progress.tsx';
import { useLiveRun } from '../runs/use-live-run.ts';

const AT_ONCE = { Prefer: 'respond-async' };

/** "Sync now", the run under way, and how the last one ended. */
export function SyncPanel({ connection: { id, status } }: { connection: Connection }) {
  const [startedId, setStartedId] = useState<string | null>(null);
  const { data, error, refetch } = useInfiniteQuery(runs({ connectionId: id, status: null }));
  const newest = data?.pages[0]?.data[0] ?? null;
  const runningId = newest?.status === 'running' ? newest.id : null;
  const live = useLiveRun(runningId ?? startedId);
  // What was started here may be over, and another one be the last by now.
  const isLast = live !== null && (newest === null || live.startedAt >= newest.startedAt);
  const run = isLast ? live : newest;
  const start = useDeed({
    mutationFn: async () => {
      const path = { params: { path: { id } }, headers: AT_ONCE };
      const answer = await answered(api.POST('/api/connections/{id}/sync', path));
      return 'id' in answer ? answer.id : answer.runId;
    },
    onSuccess: async (runId) => {
      setStartedId(runId);
      await queries.invalidateQueries({ queryKey: ['runs'] });
    },
  });
  const isRunning = start.isPending || run?.status === 'running';
  return (
    <Card
      title="Sync"
      aside={
        status !== 'disconnected' && (
          <Button leftSection={<RunsIcon size={16} />} loading={isRunning} onClick={() => start.mutate()}>
            Sync now
          </Button>
        )
      }
    >
      <Stack gap="lg" pt="xs">
        {start.error !== null && <Trouble error={start.error} />}
        <Announced run={run} startedId={startedId} />
        {run === null && data === undefined && error === null && <LoadingRows rows={3} />}
        {run === null && data === undefined && error !== null && (
          <Trouble error={error} retry={() => void refetch()} />
        )}
        {run === null && data !== undefined && (
          <Empty title="Not synced yet">The first sync brings every client and their bookings here.</Empty>
        )}
        {run?.status === 'running' && <RunningProgress run={run} />}
        {run !== null && run.status !== 'running' && <LastRun run={run} />}
      </Stack>
    </Card>
  );
}

function LastRun({ run }: { run: Run }) {
  const took = run.finishedAt === null ? null : Date.parse(run.finishedAt) - Date.parse(run.startedAt);
  return (
    <Stack gap="lg">
      <Group gap="sm">
        <Status of={run.status} />
        <Text size="sm" c="dimmed" component="div">
          <Time at={run.finishedAt} as="relative" />
          {took !== null && `, in ${duration(took)} · `}
          <Link to="/runs/$id" params={{ id: run.id }} size="sm">
            what it changed
          </Link>
        </Text>
      </Group>
      <Outcome run={run} />
    </Stack>
  );
}

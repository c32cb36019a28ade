import { Group, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { Run } from '../api.ts';
import { Link } from '../link.tsx';
import { Card, Page } from '../parts/page.tsx';
import { LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time, duration } from '../parts/time.tsx';
import { run, useConnectionName } from '../queries.ts';
import { Announced } from './announced.tsx';
import { Changes } from './changes.tsx';
import { Outcome } from './outcome.tsx';
import { RunningProgress } from './progress.tsx';
import { useLiveRun } from './use-live-run.ts';

const route = getRouteApi('/shell/runs/$id');

export function RunPage() {
  const { id } = route.useParams();
  const { data, error, refetch } = useQuery(run(id));
  if (data !== undefined) return <Known run={data} />;
  return (
    <Page title="Run">
      {error === null ? <LoadingRows /> : <Trouble error={error} retry={() => void refetch()} />}
    </Page>
  );
}

function Known({ run: asked }: { run: Run }) {
  const run = useLiveRun(asked.status === 'running' ? asked.id : null) ?? asked;
  const name = useConnectionName(run.connectionId);
  const took = run.finishedAt === null ? null : Date.parse(run.finishedAt) - Date.parse(run.startedAt);
  return (
    <Page
      title={`Sync of ${name}`}
      lead={
        <Group gap="xs">
          <Status of={run.status} />
          <span>
            <Time at={run.startedAt} />
            {took !== null && `, took ${duration(took)}`} ·{' '}
            <Link to="/settings/connections/$id" params={{ id: run.connectionId }} size="sm">
              {name}
            </Link>{' '}
            ·{' '}
            <Link to="/audit" search={{ run: run.id }} size="sm">
              its events
            </Link>
          </span>
        </Group>
      }
    >
      <Stack gap="lg">
        <Announced run={run} />
        <Card title={run.status === 'running' ? 'Under way' : 'Statistics'}>
          {run.status === 'running' ? <RunningProgress run={run} /> : <Outcome run={run} />}
        </Card>
        {run.status !== 'running' && <Changes run={run} />}
      </Stack>
    </Page>
  );
}

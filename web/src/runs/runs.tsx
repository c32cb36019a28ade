import { Select, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Run } from '../api.ts';
import { Link } from '../link.tsx';
import { Endless } from '../parts/endless.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, LoadingRows, Trouble } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time, duration } from '../parts/time.tsx';
import { counted, number } from '../parts/words.ts';
import { connections, runs } from '../queries.ts';

export function Runs() {
  const [connectionId, setConnectionId] = useState<string | null>(null);
  const { data: known = [] } = useQuery(connections);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    runs(connectionId),
  );
  const rows = data?.pages.flatMap(({ data }) => data) ?? [];
  const nameOf = (id: string): string => known.find((one) => one.id === id)?.name ?? 'CRM';
  return (
    <Page
      title="Runs"
      lead="Every sync there has been, and how it ended."
      actions={
        known.length > 1 && (
          <Select
            aria-label="Connection"
            placeholder="Any connection"
            data={known.map(({ id, name }) => ({ value: id, label: name }))}
            value={connectionId}
            onChange={setConnectionId}
            clearable
          />
        )
      }
    >
      {error !== null && <Trouble error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <LoadingRows />}
      {data !== undefined && rows.length === 0 && (
        <div className="list">
          <Empty title="No run yet">
            Sync a company under <Link to="/settings">Settings</Link>.
          </Empty>
        </div>
      )}
      {rows.length > 0 && (
        <Endless
          rows={rows}
          keyOf={({ id }) => id}
          hasMore={hasNextPage}
          isLoadingMore={isFetchingNextPage}
          more={() => void fetchNextPage()}
          rowHeight={64}
          label="Runs"
          head={<Head />}
        >
          {(run) => <Row run={run} name={nameOf(run.connectionId)} />}
        </Endless>
      )}
    </Page>
  );
}

const COLUMNS = 'minmax(0, 1.2fr) 190px minmax(0, 2fr) 90px';

function Head() {
  return (
    <div className="list-head" role="row" style={{ gridTemplateColumns: COLUMNS }}>
      <div role="columnheader">Started</div>
      <div role="columnheader">Ended as</div>
      <div role="columnheader">Changes</div>
      <div role="columnheader">Took</div>
    </div>
  );
}

const TRIGGERS: Record<Run['trigger'], string> = {
  api: 'on demand',
  schedule: 'by schedule',
  webhook: 'by webhook',
  cli: 'by command line',
};

/** "3 new, 1 updated" */
export const changesOf = ({ counts }: Run): string => {
  const parts = [
    [counts.created, 'new'],
    [counts.updated, 'updated'],
    [counts.linked, 'linked'],
    [counts.quarantined + counts.bookings.quarantined, 'in quarantine'],
  ] as const;
  const leads = parts.filter(([count]) => count > 0).map(([count, word]) => `${number(count)} ${word}`);
  const booked = counts.bookings.created + counts.bookings.updated;
  return [...leads, ...(booked > 0 ? [counted(booked, 'booking')] : [])].join(', ') || 'nothing changed';
};

function Row({ run, name }: { run: Run; name: string }) {
  const { id, status, startedAt, finishedAt, trigger } = run;
  return (
    <div className="list-row run-row" style={{ '--columns': COLUMNS } as React.CSSProperties}>
      <div className="cell" role="cell">
        <Link to="/runs/$id" params={{ id }} className="row-link">
          <Time at={startedAt} />
        </Link>
        <Text size="xs" c="dimmed" truncate>
          {name}, {TRIGGERS[trigger]}
        </Text>
      </div>
      <div role="cell">
        <Status of={status} />
      </div>
      <div className="cell quiet whole" role="cell">
        {changesOf(run)}
      </div>
      <div className="cell quiet numbers wide-only" role="cell">
        {finishedAt === null ? '…' : duration(Date.parse(finishedAt) - Date.parse(startedAt))}
      </div>
    </div>
  );
}

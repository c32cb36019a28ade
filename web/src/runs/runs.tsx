import { Text } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Run } from '../api.ts';
import { Link } from '../link.tsx';
import { ConnectionSelect } from '../parts/connection-select.tsx';
import { List } from '../parts/list.tsx';
import type { Column } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Empty } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { Time, duration } from '../parts/time.tsx';
import { counted, number } from '../parts/words.ts';
import { connections, runs } from '../queries.ts';

export function Runs() {
  const [connectionId, setConnectionId] = useState<string | null>(null);
  const { data: known = [] } = useQuery(connections);
  const nameOf = (id: string): string => known.find((one) => one.id === id)?.name ?? 'CRM';
  return (
    <Page
      title="Runs"
      lead="Every sync there has been, and how it ended."
      actions={<ConnectionSelect value={connectionId} onChange={setConnectionId} />}
    >
      <List
        asked={useInfiniteQuery(runs(connectionId))}
        label="Runs"
        columns={COLUMNS}
        keyOf={idOf}
        rowHeight={64}
        empty={
          <Empty title="No run yet">
            Sync a company under <Link to="/settings">Settings</Link>.
          </Empty>
        }
      >
        {(run) => <Row run={run} name={nameOf(run.connectionId)} />}
      </List>
    </Page>
  );
}

const COLUMNS: readonly Column[] = [
  ['Started', 'minmax(0, 1.2fr)'],
  ['Ended as', '190px'],
  ['Changes', 'minmax(0, 2fr)'],
  ['Took', '90px'],
];
const idOf = ({ id }: Run): string => id;

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
    <div className="list-row run-row">
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

import { Select, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
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
import { plain } from '../parts/words.ts';
import { connections, runs } from '../queries.ts';
import type { RunStatus, RunsQuestion } from '../queries.ts';
import { changesOf } from './changes-of.ts';

export function Runs() {
  const [question, setQuestion] = useState<RunsQuestion>({ connectionId: null, status: null });
  const wanted = runs(question);
  const found = useInfiniteQuery({ ...wanted, placeholderData: keepPreviousData });
  const { data: known = [] } = useQuery(connections);
  const nameOf = (id: string): string => known.find((one) => one.id === id)?.name ?? 'CRM';
  return (
    <Page
      title="Runs"
      lead="Every sync there has been, and how it ended."
      actions={
        <>
          <ConnectionSelect
            value={question.connectionId}
            onChange={(connectionId) => setQuestion({ ...question, connectionId })}
          />
          <Select
            className="filter"
            aria-label="Ended as"
            placeholder="Any end"
            data={STATUSES}
            value={question.status}
            onChange={(status) => setQuestion({ ...question, status })}
            clearable
          />
        </>
      }
    >
      <List
        asked={found}
        of={wanted.queryKey}
        label="Runs"
        columns={COLUMNS}
        keyOf={idOf}
        rowHeight={64}
        empty={<NoRun isNarrowed={question.connectionId !== null || question.status !== null} />}
      >
        {(run) => <Row run={run} name={nameOf(run.connectionId)} />}
      </List>
    </Page>
  );
}

function NoRun({ isNarrowed }: { isNarrowed: boolean }) {
  if (isNarrowed) return <Empty title="No run like that">Choose another connection or end, or any.</Empty>;
  return (
    <Empty title="No run yet">
      Sync a company under <Link to="/settings">Settings</Link>.
    </Empty>
  );
}

const STATUSES = (
  [
    'running',
    'succeeded',
    'succeeded-with-errors',
    'suspicious',
    'failed',
    'cancelled',
    'interrupted',
  ] as const satisfies RunStatus[]
).map((value) => ({ value, label: plain(value) }));

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

import { Button, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { fieldErrors } from '../api.ts';
import type { LogEvent } from '../api.ts';
import { PauseIcon, PlayIcon } from '../icons.tsx';
import { Link } from '../link.tsx';
import { List } from '../parts/list.tsx';
import type { Column } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Empty } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { actorOf, number } from '../parts/words.ts';
import { events } from '../queries.ts';
import type { EventsQuestion } from '../queries.ts';
import { AuditFilters } from './filters.tsx';
import { gistOf } from './gist.ts';
import { useTail } from './use-tail.ts';
import { useVerification, VerdictNote, VerifyButton } from './verify.tsx';

const route = getRouteApi('/shell/audit');

const TYPING = 250; // ms
const EVERYTHING: EventsQuestion = {
  types: [],
  stream: '',
  actor: null,
  runId: '',
  since: null,
  until: null,
};

export function Audit() {
  const { run = '', stream = '' } = route.useSearch();
  // Another link to this page is another question.
  return <Log key={`${run} ${stream}`} begin={{ ...EVERYTHING, runId: run, stream }} />;
}

function Log({ begin }: { begin: EventsQuestion }) {
  const client = useQueryClient();
  const [question, setQuestion] = useState(begin);
  const [stream] = useDebouncedValue(question.stream.trim(), TYPING);
  const [runId] = useDebouncedValue(question.runId.trim(), TYPING);
  const asked = { ...question, stream, runId };
  const wanted = events(asked);
  const recorded = useInfiniteQuery({ ...wanted, placeholderData: keepPreviousData });
  const problems = fieldErrors(recorded.error);
  const verification = useVerification();
  const newest = recorded.isPlaceholderData ? undefined : recorded.data?.pages[0];
  const tail = useTail(
    asked,
    newest === undefined ? null : (newest.data[0]?.position ?? 0),
    () => void client.resetQueries({ queryKey: wanted.queryKey, exact: true }),
  );
  return (
    <Page
      title="Audit"
      lead="The log: everything that has happened, in order, never changed."
      actions={
        <>
          {question.until === null && <Live tail={tail} />}
          <VerifyButton verification={verification} />
        </>
      }
    >
      <VerdictNote verification={verification} />
      <AuditFilters
        question={question}
        ask={(part) => setQuestion((question) => ({ ...question, ...part }))}
        problems={problems}
      />
      {Object.keys(problems).length === 0 && (
        <List
          asked={recorded}
          of={wanted.queryKey}
          ahead={tail.events}
          label="Events"
          columns={COLUMNS}
          keyOf={positionOf}
          rowHeight={62}
          empty={
            JSON.stringify(asked) === JSON.stringify(EVERYTHING) ? (
              <Empty title="Nothing has happened yet">What happens is shown here at once.</Empty>
            ) : (
              <Empty title="No such event">
                Choose other filters, or none{question.until === null && '; what comes is shown at once'}.
              </Empty>
            )
          }
        >
          {(event) => <Row event={event} />}
        </List>
      )}
    </Page>
  );
}

type LiveProps = { tail: ReturnType<typeof useTail> };

function Live({ tail: { isPaused, held, missed, toggle } }: LiveProps) {
  const waiting = held.length + missed;
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {isPaused ? `Paused${waiting > 0 ? `, ${number(waiting)} new` : ''}` : 'Live'}
      </Text>
      <Button
        variant="default"
        leftSection={isPaused ? <PlayIcon size={16} /> : <PauseIcon size={16} />}
        onClick={toggle}
      >
        {isPaused ? 'Go on' : 'Pause'}
      </Button>
    </>
  );
}

const COLUMNS: readonly Column[] = [
  ['Position', '84px'],
  ['Event', 'minmax(0, 1.1fr)'],
  ['What', 'minmax(0, 1.7fr)'],
  ['By', '130px'],
  ['When', '160px'],
];
const positionOf = ({ position }: LogEvent): number => position;

function Row({ event }: { event: LogEvent }) {
  const { position, type, meta, recordedAt } = event;
  return (
    <div className="list-row event-row">
      <div className="cell quiet numbers wide-only" role="cell">
        {number(position)}
      </div>
      <div className="cell" role="cell">
        <Link to="/audit/$position" params={{ position: String(position) }} className="row-link">
          {type}
        </Link>
      </div>
      <div className="cell quiet whole" role="cell" dir="auto">
        {gistOf(event)}
      </div>
      <div className="cell quiet" role="cell">
        {actorOf(meta.actor)}
      </div>
      <div className="cell quiet" role="cell">
        <Time at={recordedAt} as="seconds" />
      </div>
    </div>
  );
}

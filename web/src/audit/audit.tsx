import { Button, Group, MultiSelect, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
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
import { EVENT_TYPES, gistOf } from './gist.ts';
import { useTail } from './use-tail.ts';
import { useVerification, VerdictNote, VerifyButton } from './verify.tsx';

const TYPING = 250; // ms

export function Audit() {
  const [question, setQuestion] = useState<EventsQuestion>({ types: [], stream: '' });
  const [stream] = useDebouncedValue(question.stream.trim(), TYPING);
  const recorded = useInfiniteQuery(events({ ...question, stream }));
  const wrongStream = fieldErrors(recorded.error)['stream'];
  const verification = useVerification();
  const [newest] = recorded.data?.pages ?? [];
  const tail = useTail(
    { ...question, stream },
    newest === undefined ? null : (newest.data[0]?.position ?? 0),
  );
  return (
    <Page
      title="Audit"
      lead="The log: everything that has happened, in order, never changed."
      actions={
        <>
          <Text size="sm" c="dimmed" role="status">
            {tail.isPaused ? `Paused${tail.held > 0 ? `, ${number(tail.held)} new` : ''}` : 'Live'}
          </Text>
          <Button
            variant="default"
            leftSection={tail.isPaused ? <PlayIcon size={16} /> : <PauseIcon size={16} />}
            onClick={tail.toggle}
          >
            {tail.isPaused ? 'Go on' : 'Pause'}
          </Button>
          <VerifyButton verification={verification} />
        </>
      }
    >
      <VerdictNote verification={verification} />
      <Group gap="sm" mb="md" align="flex-start">
        <MultiSelect
          aria-label="Types of events"
          placeholder={question.types.length === 0 ? 'Any type' : undefined}
          data={EVENT_TYPES}
          value={[...question.types]}
          onChange={(types) => setQuestion({ ...question, types })}
          searchable
          clearable
          style={{ flex: '1 1 260px' }}
        />
        <TextInput
          aria-label="Stream"
          placeholder="Stream, or its beginning: lead-*"
          value={question.stream}
          error={wrongStream}
          onChange={({ currentTarget }) => setQuestion({ ...question, stream: currentTarget.value })}
          style={{ flex: '1 1 240px' }}
        />
      </Group>
      {wrongStream === undefined && (
        <List
          asked={recorded}
          ahead={tail.events}
          label="Events"
          columns={COLUMNS}
          keyOf={positionOf}
          rowHeight={62}
          empty={
            question.types.length === 0 && stream === '' ? (
              <Empty title="Nothing has happened yet">What happens is shown here at once.</Empty>
            ) : (
              <Empty title="No such event">
                Look for another type or stream; what comes is shown at once.
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

import { Button, Group, MultiSelect, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { LogEvent } from '../api.ts';
import { PauseIcon, PlayIcon } from '../icons.tsx';
import { Link } from '../link.tsx';
import { Endless } from '../parts/endless.tsx';
import { Page } from '../parts/page.tsx';
import { Empty, LoadingRows, Trouble } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { actorOf, number } from '../parts/words.ts';
import { events } from '../queries.ts';
import type { EventsQuestion } from '../queries.ts';
import { EVENT_TYPES, gistOf } from './gist.ts';
import { useTail } from './use-tail.ts';

const TYPING = 250; // ms

export function Audit() {
  const [question, setQuestion] = useState<EventsQuestion>({ types: [], stream: '' });
  const [stream] = useDebouncedValue(question.stream.trim(), TYPING);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    events({ ...question, stream }),
  );
  const old = data?.pages.flatMap(({ data }) => data) ?? [];
  const tail = useTail({ ...question, stream }, data === undefined ? null : (old[0]?.position ?? 0));
  const rows = [...tail.events, ...old];
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
        </>
      }
    >
      <Group gap="sm" mb="md">
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
          onChange={({ currentTarget }) => setQuestion({ ...question, stream: currentTarget.value })}
          style={{ flex: '1 1 240px' }}
        />
      </Group>
      {error !== null && <Trouble error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <LoadingRows rows={10} />}
      {data !== undefined && rows.length === 0 && (
        <div className="list">
          <Empty title="No such event" />
        </div>
      )}
      {rows.length > 0 && (
        <Endless
          rows={rows}
          keyOf={({ position }) => position}
          hasMore={hasNextPage}
          isLoadingMore={isFetchingNextPage}
          more={() => void fetchNextPage()}
          rowHeight={62}
          label="Events"
          head={<Head />}
        >
          {(event) => <Row event={event} />}
        </Endless>
      )}
    </Page>
  );
}

const COLUMNS = '84px minmax(0, 1.1fr) minmax(0, 1.7fr) 130px 160px';

function Head() {
  return (
    <div className="list-head" role="row" style={{ gridTemplateColumns: COLUMNS }}>
      <div role="columnheader">Position</div>
      <div role="columnheader">Event</div>
      <div role="columnheader">What</div>
      <div role="columnheader">By</div>
      <div role="columnheader">When</div>
    </div>
  );
}

function Row({ event }: { event: LogEvent }) {
  const { position, type, meta, recordedAt } = event;
  return (
    <div className="list-row event-row" style={{ '--columns': COLUMNS } as React.CSSProperties}>
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

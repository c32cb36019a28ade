import { SegmentedControl, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Run, RunChange } from '../api.ts';
import { Link } from '../link.tsx';
import { FieldChanges } from '../parts/field-changes.tsx';
import { Card } from '../parts/page.tsx';
import { Rows, ShowMore } from '../parts/rows.tsx';
import { Empty } from '../parts/states.tsx';
import { Status } from '../parts/status.tsx';
import { runChanges } from '../queries.ts';

const WELL = new Set<Run['status']>(['succeeded', 'succeeded-with-errors']);

/** What a run has done, record by record. */
export function Changes({ run: { id, status } }: { run: Run }) {
  const [kind, setKind] = useState<'lead' | 'booking'>('lead');
  const changed = useInfiniteQuery(runChanges(id, kind));
  return (
    <Card
      title="What it changed"
      flush
      aside={
        <SegmentedControl
          size="xs"
          aria-label="Which records"
          data={[
            { value: 'lead', label: 'Leads' },
            { value: 'booking', label: 'Bookings' },
          ]}
          value={kind}
          onChange={(value) => setKind(value)}
        />
      }
    >
      <Rows
        asked={changed}
        empty={
          <Empty title={kind === 'lead' ? 'No lead changed' : 'No booking changed'}>
            {WELL.has(status) && 'Everything in the CRM was as it is known here.'}
          </Empty>
        }
      >
        {(changes) => changes.map((change) => <Row key={change.eventPosition} change={change} />)}
      </Rows>
      <ShowMore of={changed} />
    </Card>
  );
}

const nameIn = (values: object | null): string | null => {
  const { name, service } = (values ?? {}) as { name?: unknown; service?: unknown };
  const found = name ?? service;
  return typeof found === 'string' && found !== '' ? found : null;
};

function Row({ change: { kind, id, change, changed, before, after, eventPosition } }: { change: RunChange }) {
  const name = nameIn(after) ?? nameIn(before) ?? `${kind === 'lead' ? 'Lead' : 'Booking'} ${id.slice(0, 8)}`;
  return (
    <div className="list-row change-row">
      <div style={{ minWidth: 0 }}>
        {kind === 'lead' ? (
          <Link
            to="/leads/$id"
            params={{ id }}
            size="sm"
            fw={550}
            dir="auto"
            style={{ overflowWrap: 'anywhere' }}
          >
            {name}
          </Link>
        ) : (
          <Text size="sm" fw={550} dir="auto">
            {name}
          </Text>
        )}
      </div>
      <div>
        <Status of={change} />
      </div>
      <FieldChanges changed={changed} before={before} after={after} />
      <Link to="/audit/$position" params={{ position: String(eventPosition) }} size="xs" className="numbers">
        event {eventPosition}
      </Link>
    </div>
  );
}

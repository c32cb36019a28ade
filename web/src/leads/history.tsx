import { Group, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { LeadChange } from '../api.ts';
import { Link } from '../link.tsx';
import { FieldChanges } from '../parts/field-changes.tsx';
import { Rows, ShowMore } from '../parts/rows.tsx';
import { Empty } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { actorOf } from '../parts/words.ts';
import { leadHistory, useConnectionName } from '../queries.ts';
import { LeadName } from './lead-name.tsx';

/** Everything that has ever happened to a lead: what, from where, by whom, when. */
export function History({ id, asOf }: { id: string; asOf: number | undefined }) {
  const recorded = useInfiniteQuery(leadHistory(id));
  return (
    <>
      <Rows asked={recorded} empty={<Empty title="No history" />}>
        {(changes) => (
          <ol className="timeline">
            {changes.map((change, index) => (
              <Change
                key={change.position}
                change={change}
                then={changes[index - 1] === undefined || change.erased ? null : id}
                isShown={change.position === asOf}
              />
            ))}
          </ol>
        )}
      </Rows>
      <ShowMore of={recorded} />
    </>
  );
}

const DOTS: Record<LeadChange['change'], string> = {
  created: 'var(--mantine-color-teal-6)',
  updated: 'var(--mantine-color-blue-5)',
  linked: 'var(--mantine-color-violet-5)',
  merged: 'var(--mantine-color-orange-5)',
  split: 'var(--mantine-color-orange-5)',
  gone: 'var(--mantine-color-gray-6)',
  restored: 'var(--mantine-color-teal-6)',
};

const TITLES: Record<LeadChange['change'], string> = {
  created: 'Became a lead',
  updated: 'Changed',
  linked: 'Linked to another client',
  merged: 'Merged',
  split: 'Split',
  gone: 'Gone from the CRM',
  restored: 'Back in the CRM',
};

/** That sources came or went is what a link, a merge or a split is, and the other lead is named. */
const shownOf = ({ change, changed }: LeadChange): string[] =>
  changed.filter((field) => field !== 'mergedInto' && (field !== 'sources' || change === 'updated'));

type ChangeProps = {
  change: LeadChange;
  /** The lead to be shown as it was behind this change; null: it is so now, or nobody can tell. */
  then: string | null;
  isShown: boolean;
};

function Change({ change, then, isShown }: ChangeProps) {
  const { position, actor, runId, recordedAt, erased, otherId, source } = change;
  return (
    <li data-shown={isShown || undefined} style={{ '--dot': DOTS[change.change] } as React.CSSProperties}>
      <Stack gap={4}>
        <Group gap={8} justify="space-between" wrap="nowrap" align="baseline">
          <Text size="sm" fw={600}>
            {TITLES[change.change]}
          </Text>
          <Text size="sm" c="dimmed" component="span" style={{ whiteSpace: 'nowrap' }}>
            <Time at={recordedAt} />
          </Text>
        </Group>
        {erased ? (
          <Text size="sm" c="dimmed">
            The values have been erased.
          </Text>
        ) : (
          <FieldChanges changed={shownOf(change)} before={change.before} after={change.after} />
        )}
        {otherId !== null && (
          <Text size="sm" c="dimmed">
            with{' '}
            <Link to="/leads/$id" params={{ id: otherId }} size="sm">
              <LeadName id={otherId} />
            </Link>
          </Text>
        )}
        <Text size="xs" c="dimmed" component="div">
          {source !== null && (
            <SourceName connectionId={source.connectionId} externalId={source.externalId} />
          )}
          {actorOf(actor)}
          {runId !== null && (
            <>
              {' · '}
              <Link to="/runs/$id" params={{ id: runId }} size="xs">
                run
              </Link>
            </>
          )}
          {' · '}
          <Link to="/audit/$position" params={{ position: String(position) }} size="xs">
            event {position}
          </Link>
          {then !== null && (
            <>
              {' · '}
              <Link
                to="/leads/$id"
                params={{ id: then }}
                search={{ asOf: position }}
                size="xs"
                style={{ whiteSpace: 'nowrap' }}
                aria-current={isShown ? 'true' : undefined}
              >
                {isShown ? 'shown now' : 'as it was then'}
              </Link>
            </>
          )}
        </Text>
      </Stack>
    </li>
  );
}

function SourceName({ connectionId, externalId }: { connectionId: string; externalId: string }) {
  const name = useConnectionName(connectionId);
  return (
    <>
      From <bdi>{name}</bdi>, client {externalId} ·{' '}
    </>
  );
}

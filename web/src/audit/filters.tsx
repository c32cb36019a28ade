import { Anchor, Collapse, Group, MultiSelect, Select, Stack, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { actorOf } from '../parts/words.ts';
import type { EventsQuestion } from '../queries.ts';
import { EVENT_TYPES } from './gist.ts';

type Props = {
  question: EventsQuestion;
  ask: (part: Partial<EventsQuestion>) => void;
  problems: Record<string, string>;
};

const ACTORS = ['key:admin', 'schedule', 'webhook', 'cli', 'system'].map((value) => ({
  value,
  label: actorOf(value),
}));

export function AuditFilters({ question, ask, problems }: Props) {
  const isMore = question.runId !== '' || question.since !== null || question.until !== null;
  const [hasMore, { toggle }] = useDisclosure(isMore);
  return (
    <Stack gap="sm" mb="md">
      <Group gap="sm" align="flex-start">
        <MultiSelect
          aria-label="Types of events"
          placeholder={question.types.length === 0 ? 'Any type' : undefined}
          data={EVENT_TYPES}
          value={[...question.types]}
          onChange={(types) => ask({ types })}
          searchable
          clearable
          style={{ flex: '2 1 240px' }}
        />
        <TextInput
          aria-label="Stream"
          placeholder="Stream, or its beginning: lead-*"
          value={question.stream}
          error={problems['stream']}
          onChange={({ currentTarget }) => ask({ stream: currentTarget.value })}
          style={{ flex: '2 1 220px' }}
        />
        <Select
          className="filter"
          aria-label="By whom"
          placeholder="By anybody"
          data={ACTORS}
          value={question.actor}
          onChange={(actor) => ask({ actor })}
          clearable
        />
      </Group>
      <Collapse expanded={hasMore}>
        <Group gap="sm" align="flex-start">
          <TextInput
            label="Run"
            placeholder="The id of a run"
            value={question.runId}
            error={problems['runId']}
            maxLength={200}
            onChange={({ currentTarget }) => ask({ runId: currentTarget.value })}
            style={{ flex: '2 1 240px' }}
          />
          <Moment label="From" value={question.since} set={(since) => ask({ since })} />
          <Moment label="Until" value={question.until} set={(until) => ask({ until })} />
        </Group>
      </Collapse>
      <Anchor
        component="button"
        type="button"
        size="sm"
        ta="start"
        aria-expanded={hasMore}
        onClick={toggle}
        style={{ alignSelf: 'flex-start' }}
      >
        {hasMore ? 'Fewer filters' : 'More filters: run, time'}
      </Anchor>
    </Stack>
  );
}

type MomentProps = { label: string; value: string | null; set: (instant: string | null) => void };

/** A time of the viewer's own clocks; asked for as the instant that it is. */
function Moment({ label, value, set }: MomentProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      defaultValue={value === null ? '' : localOf(value)}
      onChange={({ currentTarget }) => set(instantOf(currentTarget.value))}
      style={{ flex: '1 1 190px' }}
    />
  );
}

const instantOf = (local: string): string | null => {
  const time = Date.parse(local);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
};

const localOf = (instant: string): string => {
  const time = new Date(instant);
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

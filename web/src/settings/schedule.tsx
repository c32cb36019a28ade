import { Button, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { answered, api, fieldErrors } from '../api.ts';
import type { Connection } from '../api.ts';
import { Form } from '../parts/form.tsx';
import { useNotice } from '../parts/notice.tsx';
import { Card } from '../parts/page.tsx';
import { Trouble } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { useDeed } from '../parts/use-deed.ts';
import { forgetBooks } from '../queries.ts';
import { ZoneSelect } from './zone-select.tsx';

const NEVER = 'never';
const OWN = 'own';
const CHOICES = [
  { value: NEVER, label: 'Only on demand' },
  { value: '*/15 * * * *', label: 'Every quarter of an hour' },
  { value: '0 * * * *', label: 'Every hour' },
  { value: '0 */6 * * *', label: 'Every six hours' },
  { value: '0 3 * * *', label: 'Every night at three' },
  { value: OWN, label: 'As I write it' },
];

const choiceOf = (cron: string | undefined): string => {
  if (cron === undefined) return NEVER;
  return CHOICES.some(({ value }) => value === cron) ? cron : OWN;
};

/** When a company is synced by itself, and the next five times. */
export function Schedule({ connection }: { connection: Connection }) {
  const { schedule, nextSyncs, scheduleState } = connection;
  return (
    <Card title="Schedule">
      <Stack gap="lg" pt={4}>
        <ScheduleForm key={JSON.stringify(schedule)} connection={connection} />
        {scheduleState !== null && scheduleState.code !== 'waiting' && (
          <Text size="sm">{scheduleState.detail}</Text>
        )}
        {nextSyncs.length > 0 && (
          <div>
            <Text size="sm" fw={600} mb={6}>
              The next times
            </Text>
            <Group gap="md" component="ul" m={0} p={0} style={{ listStyle: 'none' }}>
              {nextSyncs.map((at) => (
                <Text key={at} size="sm" c="dimmed" component="li">
                  <Time at={at} />
                </Text>
              ))}
            </Group>
          </div>
        )}
      </Stack>
    </Card>
  );
}

function ScheduleForm({ connection: { id, schedule, timezone } }: { connection: Connection }) {
  const [{ choice, own, zone }, setForm] = useState({
    choice: choiceOf(schedule?.cron),
    own: schedule?.cron ?? '0 3 * * *',
    zone: schedule?.timezone ?? timezone,
  });
  const notice = useNotice();
  const cron = choice === OWN ? own.trim() : choice;
  const change = useDeed({
    mutationFn: () => {
      const body = { schedule: choice === NEVER ? null : { cron, timezone: zone } };
      return answered(api.PATCH('/api/connections/{id}', { params: { path: { id } }, body }));
    },
    onSuccess: async ({ nextSyncAt }) => {
      notice.said(nextSyncAt === null ? 'It syncs on demand only.' : 'The schedule is set.');
      await forgetBooks();
    },
  });
  /** What was wrong is no more said of what stands there now. */
  const set = (part: Partial<{ choice: string; own: string; zone: string | null }>): void => {
    setForm((form) => ({ ...form, ...part }));
    if (change.isError) change.reset();
  };
  const problems = fieldErrors(change.error);
  const isNew =
    choice !== choiceOf(schedule?.cron) || (choice !== NEVER && zone !== (schedule?.timezone ?? timezone));
  return (
    <Form submit={() => change.mutate()} problems={problems}>
      <Stack gap="sm">
        {change.error !== null && Object.keys(problems).length === 0 && <Trouble error={change.error} />}
        <Group align="flex-start" gap="sm">
          <Select
            label="Sync by itself"
            data={CHOICES}
            value={choice}
            allowDeselect={false}
            onChange={(value) => set({ choice: value ?? NEVER })}
            style={{ flex: '1 1 200px' }}
          />
          {choice === OWN && (
            <TextInput
              label="Minute, hour, day, month, weekday"
              value={own}
              error={problems['cron']}
              onChange={({ currentTarget }) => set({ own: currentTarget.value })}
              style={{ flex: '1 1 260px' }}
            />
          )}
          {choice !== NEVER && (
            <div style={{ flex: '1 1 200px' }}>
              <ZoneSelect
                label="By the clocks of"
                value={zone}
                error={problems['timezone']}
                onChange={(zone) => set({ zone })}
              />
            </div>
          )}
          <Button
            type="submit"
            variant="default"
            className="beside-field"
            loading={change.isPending}
            disabled={!isNew && !(choice === OWN && cron !== schedule?.cron)}
          >
            Set
          </Button>
        </Group>
      </Stack>
    </Form>
  );
}

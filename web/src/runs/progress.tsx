import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useInterval } from '@mantine/hooks';
import { useState } from 'react';
import { answered, api } from '../api.ts';
import type { Run } from '../api.ts';
import { useNotice } from '../parts/notice.tsx';
import { duration } from '../parts/time.tsx';
import { number } from '../parts/words.ts';
import { useDeed } from '../parts/use-deed.ts';

const PHASES: Record<string, string> = {
  clients: 'Clients are being brought here',
  bookings: 'Bookings are being brought here',
};

/** A run that goes on: how far it is, how long it has taken, and a way to end it. */
export function RunningProgress({ run }: { run: Run }) {
  const [now, setNow] = useState(Date.now);
  useInterval(() => setNow(Date.now()), 500, { autoInvoke: true });
  const notice = useNotice();
  const cancel = useDeed({
    mutationFn: () => answered(api.POST('/api/runs/{id}/cancel', { params: { path: { id: run.id } } })),
    onSuccess: () => notice.said('The run stops at its next page. What it has brought stays.'),
    onError: notice.failed,
  });
  const { phase, done, total } = run.progress;
  const percent = total === null || total === 0 ? 100 : Math.min(100, (done / total) * 100);
  const far =
    total === null && done === 0
      ? 'begins'
      : `${number(done)}${total === null ? '' : ` of ${number(total)}`}`;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={550}>
          {PHASES[phase] ?? 'The sync is under way'}
        </Text>
        <Text size="sm" c="dimmed" className="numbers">
          {far} · {duration(now - Date.parse(run.startedAt))}
        </Text>
      </Group>
      <Progress.Root size="lg" radius="xl">
        <Progress.Section
          value={percent}
          animated
          striped={total === null}
          aria-label={PHASES[phase] ?? 'Sync'}
          aria-valuetext={far}
        />
      </Progress.Root>
      <Group justify="flex-end">
        <Button
          variant="default"
          size="xs"
          loading={cancel.isPending}
          disabled={cancel.isSuccess}
          onClick={() => cancel.mutate()}
        >
          {cancel.isSuccess ? 'Stopping…' : 'Cancel'}
        </Button>
      </Group>
    </Stack>
  );
}

import { VisuallyHidden } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Run } from '../api.ts';
import { plain } from '../parts/words.ts';
import { changesOf } from './changes-of.ts';

/** `startedId`: the run that was started here; it may be over before it is seen to go on. */
type Props = { run: Run | null; startedId?: string | null };

/** Tells whoever listens that a run has begun and how it ended; not each of its steps, and nothing of one that was over before. */
export function Announced({ run, startedId = null }: Props) {
  const [running, setRunning] = useState<string | null>(null);
  const isRunning = run?.status === 'running';
  useEffect(() => {
    if (isRunning) setRunning(run.id);
  }, [isRunning, run?.id]);
  return (
    <VisuallyHidden role="status">
      {isRunning && 'The sync is under way.'}
      {!isRunning &&
        run !== null &&
        (running === run.id || startedId === run.id) &&
        `The sync has ended. ${plain(run.status)}: ${changesOf(run)}.`}
    </VisuallyHidden>
  );
}

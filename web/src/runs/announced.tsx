import { VisuallyHidden } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Run } from '../api.ts';
import { plain } from '../parts/words.ts';
import { changesOf } from './changes-of.ts';

/** `started`: the run that was started here, which may be over before anything was heard of it. */
type Props = { run: Run | null; started?: string | null };

/** Tells whoever listens that a run has begun and how it ended; not each of its steps, and nothing of one that was over before. */
export function Announced({ run, started = null }: Props) {
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
        (running === run.id || started === run.id) &&
        `The sync has ended. ${plain(run.status)}: ${changesOf(run)}.`}
    </VisuallyHidden>
  );
}

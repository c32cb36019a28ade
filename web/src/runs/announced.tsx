import { VisuallyHidden } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Run } from '../api.ts';
import { plain } from '../parts/words.ts';
import { changesOf } from './changes-of.ts';

/** Tells whoever listens that a run has begun and how it ended; not each of its steps, and nothing of one that was over before. */
export function Announced({ run }: { run: Run | null }) {
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
        running === run.id &&
        `The sync has ended. ${plain(run.status)}: ${changesOf(run)}.`}
    </VisuallyHidden>
  );
}

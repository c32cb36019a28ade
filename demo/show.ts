import { once as happens } from 'node:events';
import { Listr } from 'listr2';
import { Interrupted } from './failure.ts';
import { end, heading, report } from './report.ts';
import type { Closers, Stage } from './stage.ts';
import { stepsOf } from './steps.ts';

/** The whole demo. Returns when it is over: with `once`, or because somebody ended it while it was up. */
export const show = async (options: {
  once: boolean;
  ending: AbortController;
  closers: Closers;
}): Promise<void> => {
  const { once, ending, closers } = options;
  console.log(heading());
  const stage = await new Listr<Stage>(stepsOf(ending, closers), {
    registerSignalListeners: false,
    fallbackRenderer: 'simple',
    rendererOptions: { showErrorMessage: false },
  }).run();
  console.log(report(stage));
  console.log(end(once));
  if (once) return;
  if (!ending.signal.aborted) await happens(ending.signal, 'abort');
  if (!(ending.signal.reason instanceof Interrupted)) throw ending.signal.reason;
};

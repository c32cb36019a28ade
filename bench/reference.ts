import { byHand } from './by-hand.ts';
import { byHandRaw } from './by-hand-raw.ts';
import { byOrm } from './by-orm.ts';
import { fetchOnly } from './fetch-only.ts';
import { peakMegabytes } from './programs.ts';
import { timed } from './sides.ts';
import type { Job, Outcome, Reference, Side } from './sides.ts';

// One reference in a process of its own: `node bench/reference.ts <which> <job as JSON>` prints its outcome as JSON.

const SIDES: Record<Reference, (job: Job) => Promise<Side>> = {
  'by-orm': byOrm,
  'by-hand': byHand,
  'by-hand-raw': byHandRaw,
  'fetch-only': fetchOnly,
};

const [which, job] = process.argv.slice(2);
const side = await SIDES[which as Reference](JSON.parse(job!) as Job);
try {
  const first = await timed(side.sync);
  const again = await timed(side.sync);
  const outcome: Outcome = {
    first,
    again,
    peakMegabytes: await peakMegabytes('self'),
    proof: await side.prove(),
  };
  console.log(JSON.stringify(outcome));
} finally {
  await side.close();
}

import { join } from 'node:path';
import { summary, tables } from './report.ts';
import type { Report } from './run-profile.ts';

export const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'profiles.md');

const INTRODUCTION = `# What becomes of every SimplyBook.me

Nobody knows for sure how the real one behaves everywhere, so that crm-sync is tried with every reading of what is known, and with
every fault that we could think of:

\`\`\`sh
npm run sandbox:matrix                      # all of them, one to two minutes
npm run sandbox:matrix -- --only drift      # those with "drift" in their names
\`\`\`

Each profile is a company of the [sandbox](../sandbox) with 23 clients and six bookings in pages of ten, unless it says otherwise.
The service connects it and syncs twice. Then leads, bookings and quarantine are compared with what the CRM holds, one by one:

- **complete**: every client is a lead with the CRM's values, every booking of the last 30 days or to come hangs on its client's
  lead, or they wait in quarantine with a reason, and nobody and nothing else does;
- **said to be incomplete**: the run is \`suspicious\` and says why, nobody is marked as gone, and what there is so far is right;
- **said not to be proven**: the run succeeds and warns that nothing proves the list to be whole
  ([why](adr/0019-lists-without-a-count.md)), and what there is so far is right;
- **refused**: the run (or the connecting) fails with this problem type; what there is so far is right.

Where a profile does not end complete, the CRM is healed afterwards and synced once more: then nothing may be missing. Two numbers
stand for the first and the second sync, one for both. **Appended again** counts the events of the second sync beside its own start
and end: a second sync of unchanged data appends none.

The CRM counts what it is asked, and no profile may go beyond:

- three readings of the list of clients (ten where it comes in another order for each request), and of the three parts of the list of
  bookings seven in all, with three requests more in each; where JSON-RPC has to do without pages, two searches more for each
  digit and letter;
- each question five times at most in a reading;
- two logins; a few profiles that end every token say in the code how many they need;
- one attempt to log in after a refusal, and by JSON-RPC one more where REST called it a wrong password;
- never two requests at a time.

Every value of every switch of the sandbox is in some profile; a test says which one is not
([\`coverage.ts\`](../sandbox/matrix/coverage.ts) names the exceptions, and why).

What nobody can tell, and no profile shows: one client deleted from a part of the list already read and another one added to a part
not yet read, both between the same two requests, leave no trace. Such a sync can miss one client until the next one.

This page is written by \`npm run sandbox:matrix -- --write\`.
`;

export const documentOf = (reports: readonly Report[]): string =>
  `${INTRODUCTION}\n${tables(reports)}\n${summary(reports)}\n`;

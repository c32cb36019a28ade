/** The steps at which a process may die; each leaves something else behind. */
export type Failpoint =
  | 'after-fetch'
  | 'before-transaction'
  | 'after-events'
  | 'before-commit'
  | 'after-commit'
  | 'before-end'
  | 'after-end';

const [wanted, nth = '1'] =
  process.env['NODE_ENV'] === 'test' ? (process.env['CRM_SYNC_FAILPOINT'] ?? '').split(':') : [];
let left = Number(nth);

/** For tests (test/faults): `CRM_SYNC_FAILPOINT=before-commit:3` kills the program when it is there for the third time. */
export const failpoint = (here: Failpoint): void => {
  if (here !== wanted) return;
  left -= 1;
  if (left === 0) process.kill(process.pid, 'SIGKILL');
};

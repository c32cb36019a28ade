import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Api, Appointment, Connection, Lead, LogEntry, Waiting } from './api.ts';
import type { Synced } from './sync.ts';

/** What is to be undone at the end, in the order it was done. */
export type Closers = (() => Promise<void>)[];

/** What the steps hand on to each other and to the report. */
export type Stage = {
  sandbox: Sandbox;
  api: Api;
  connection: Connection;
  first: Synced;
  second: Synced;
  waiting: Waiting[];
  appointments: Appointment[];
  examples: { lead: Lead; last: LogEntry }[];
};

import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { sql } from 'kysely';
import { Database } from './database.ts';

const EVERY = 60_000; // ms
/** Ours end after 25 s (SETTINGS); a backup may well take this long. */
const LONG = 300_000; // ms

type Session = { pid: number; transaction: string; application: string; role: string };
type Seen = { at: Date; isTold: boolean };

/**
 * Says so when somebody leaves a transaction open: a forgotten psql, a program that hangs. Nobody who reads the log is kept
 * waiting by it, but it may hold locks, and vacuum cannot clean up behind it.
 */
@Injectable()
export class OpenTransactions {
  private readonly log = new Logger(OpenTransactions.name);
  private seen = new Map<string, Seen>();

  constructor(private readonly database: Database) {}

  @Interval(EVERY)
  async check(long = LONG): Promise<void> {
    const sessions = await this.open().catch(() => null);
    if (sessions === null) return;
    const before = this.seen;
    this.seen = new Map();
    for (const session of sessions) {
      const name = `${session.pid} ${session.transaction}`;
      const seen = before.get(name) ?? { at: new Date(), isTold: false };
      this.seen.set(name, seen);
      if (seen.isTold || Date.now() - seen.at.getTime() < long) continue;
      seen.isTold = true;
      this.tell(session, seen);
    }
  }

  /** When a stranger's transaction has begun is not for our role to see; the lock that each holds on itself is. */
  private open(): Promise<Session[]> {
    return this.database.rows(sql<Session>`
      select pid, virtualxid as transaction, application_name as application, usename as role
        from pg_locks join pg_stat_activity using (pid)
       where locktype = 'virtualxid' and mode = 'ExclusiveLock' and granted
         and datname = current_database() and pid <> pg_backend_pid() and usename is not null`);
  }

  private tell({ pid, application, role }: Session, { at }: Seen): void {
    this.log.warn(
      { pid, application, role, since: at.toISOString() },
      'a session keeps a transaction open: it may hold locks, and vacuum cannot clean up. See what it does, and end it there ' +
        'or with pg_terminate_backend(pid)',
    );
  }
}

import { Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { sql } from 'kysely';
import { Database } from './database.ts';

const EVERY = 60_000; // ms
const TOLERATED = 30; // s

/**
 * Says so when the clocks of this machine and of the database differ. Schedules, leases and the log go by the database's,
 * whatever this machine believes; codes for a second factor and expiring tokens do not.
 */
@Injectable()
export class ClockCheck implements OnApplicationBootstrap {
  private readonly log = new Logger(ClockCheck.name);
  private isTold = false;

  constructor(private readonly database: Database) {}

  onApplicationBootstrap(): Promise<void> {
    return this.check();
  }

  @Interval(EVERY)
  async check(): Promise<void> {
    try {
      const asked = Date.now();
      const row = await this.database.row(sql<{ now: number }>`
        select (extract(epoch from clock_timestamp()) * 1000)::float8 as now`);
      this.tell(secondsOff(row!.now, asked, Date.now()));
    } catch (error) {
      this.log.debug({ err: error }, 'the clock of the database could not be read');
    }
  }

  /** Once, until it is over. */
  private tell(seconds: number): void {
    const isOff = Math.abs(seconds) > TOLERATED;
    if (isOff && !this.isTold) {
      this.log.warn(
        { seconds },
        'the clocks of this machine and of the database differ: let both be set by NTP',
      );
    }
    this.isTold = isOff;
  }
}

/** How far this machine is ahead; what the answer may have spent on its way speaks for it. */
export const secondsOff = (database: number, asked: number, answered: number): number => {
  if (database >= asked && database <= answered) return 0;
  return Math.round((database < asked ? asked - database : answered - database) / 1000);
};

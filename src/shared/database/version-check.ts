import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { sql } from 'kysely';
import { Shutdown } from '../shutdown.ts';
import { versionOutdated } from './database-trouble.ts';
import { Database } from './database.ts';
import { whyOutdated } from './schema-needs.ts';
import type { SchemaNeeds } from './schema-needs.ts';

const EVERY = 2_000; // ms

/**
 * Ends the work of a version that does not know any more what the database looks like. It stays up and says why: whoever
 * asks is refused, runs are taken up by instances of the newer version. There is no way back but to be updated.
 */
@Injectable()
export class VersionCheck {
  private readonly log = new Logger(VersionCheck.name);
  private outdated = false;

  constructor(
    private readonly database: Database,
    private readonly shutdown: Shutdown,
  ) {}

  @Interval(EVERY)
  async isOutdated(): Promise<boolean> {
    if (this.outdated) return true;
    const needs = await this.database
      .row(sql<SchemaNeeds>`select migration, version from schema_needs`)
      .catch(() => undefined);
    const why = needs === undefined ? null : whyOutdated(needs);
    if (why !== null && !this.outdated) this.end(why);
    return this.outdated;
  }

  private end(why: string): void {
    this.outdated = true;
    this.log.error(`A newer crm-sync has changed the database: ${why}`);
    this.database.close(versionOutdated(why));
    this.shutdown.begin();
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { Family, Labels } from '../metrics/exposition.ts';
import { Database } from './database.ts';

type About = Omit<Family, 'samples'>;
type Row = { name: string; labels: Labels; value: number };

const PATIENCE = 2_000; // ms

/**
 * What the database knows, and every instance alike: one statement for each scrape, made of what the read models have to
 * say, so that all values are of one moment.
 */
@Injectable()
export class DatabaseMetrics {
  private readonly questions: { about: About; rows: RawBuilder<unknown> }[] = [];
  private asking: Promise<Family[] | null> | null = null;

  constructor(private readonly database: Database) {}

  /** `rows` is a select of labels (jsonb) and value, which an index answers or a table that stays small. */
  ask(about: About, rows: RawBuilder<unknown>): void {
    this.questions.push({ about, rows });
  }

  /** Null when the database does not answer. One question at a time: those who ask in vain must not use up the pool. */
  async families(): Promise<Family[] | null> {
    this.asking ??= this.answers()
      .catch(() => null)
      .finally(() => (this.asking = null));
    return Promise.race([this.asking, sleep(PATIENCE, null, { ref: false })]);
  }

  /** The connections of this process to the database. */
  async pool(): Promise<Family[]> {
    const { total, idle, waiting } = await this.database.connections();
    const samples = Object.entries({ idle, busy: total - idle, waiting }).map(([state, value]) => ({
      labels: { state },
      value,
    }));
    const help = 'Connections of this process to the database; "waiting": requests for one.';
    return [{ name: 'crm_sync_database_connections', help, type: 'gauge', samples }];
  }

  private async answers(): Promise<Family[]> {
    const selects = this.questions.map(
      ({ about, rows }) =>
        sql`select ${about.name}::text as name, labels, value::float8 as value from (${rows}) q (labels, value)`,
    );
    const rows = await this.database.rows(sql<Row>`${sql.join(selects, sql` union all `)}`);
    return this.questions.map(({ about }) => ({
      ...about,
      samples: rows.filter(({ name }) => name === about.name),
    }));
  }
}

import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';

/** Which events a question is about. Positions are exclusive; `since` is inclusive, `until` exclusive, both ISO 8601. */
export type EventFilter = {
  after?: number | undefined;
  before?: number | undefined;
  order?: 'asc' | 'desc' | undefined;
  /** A stream's name, or the beginning of names when it ends in `*`. */
  stream?: string | undefined;
  types?: readonly string[] | undefined;
  actor?: string | undefined;
  correlationId?: string | undefined;
  runId?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  limit: number;
};

export const matching = (filter: EventFilter): RawBuilder<unknown> => {
  const { after, before, stream, types, actor, correlationId, runId, since, until } = filter;
  const conditions = [sql`true`];
  if (after !== undefined) conditions.push(sql`position > ${after}::bigint`);
  if (before !== undefined) conditions.push(sql`position < ${before}::bigint`);
  if (stream !== undefined) conditions.push(streamMatches(stream));
  if (types !== undefined) conditions.push(sql`type = any(${types}::text[])`);
  if (actor !== undefined) conditions.push(sql`meta ->> 'actor' = ${actor}`);
  if (correlationId !== undefined) conditions.push(sql`meta ->> 'correlationId' = ${correlationId}`);
  // Repeats the index's own condition, without which the planner may not use it.
  if (runId !== undefined) conditions.push(sql`meta ? 'runId' and meta ->> 'runId' = ${runId}`);
  if (since !== undefined)
    conditions.push(sql`position >= (select first_position_since(${since}::timestamptz))`);
  if (until !== undefined)
    conditions.push(sql`position < (select first_position_since(${until}::timestamptz))`);
  return sql.join(conditions, sql` and `);
};

/** A prefix as a range, which the unique index on (stream, version) answers: stream names are ASCII and compare bytewise. */
const streamMatches = (stream: string): RawBuilder<unknown> => {
  if (!stream.endsWith('*')) return sql`stream = ${stream}`;
  const prefix = stream.slice(0, -1);
  return prefix === '' ? sql`true` : sql`stream >= ${prefix} and stream < ${`${prefix}\x7f`}`;
};

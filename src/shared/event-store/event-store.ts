import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../database/database.ts';
import { failpoint } from '../failpoint.ts';
import { decrypt, encrypt } from '../secrets.ts';
import { draft } from './decider.ts';
import type { Decision, Draft } from './decider.ts';
import type { Event, EventMeta, Recorded } from './event.ts';
import { matching } from './event-filter.ts';
import type { EventFilter } from './event-filter.ts';
import { SubjectKeys } from './subject-keys.ts';

/**
 * A table that answers a question, fed by events inside the transaction that records them: once per batch, with all
 * events of that batch whose type is among `on`, in order of position. Must be a function of the events alone.
 */
export type ReadModel<E extends Event = Event> = {
  name: string;
  on: readonly E['type'][];
  apply: (events: Recorded<E>[]) => Promise<void>;
  /** What it keeps its answers in; nobody else writes there. */
  tables: readonly string[];
  /** Takes over what is no function of the events from the old tables, `public.…`, when they are made anew. */
  keep?: RawBuilder<unknown>;
};

type EventRow = {
  position: string;
  stream: string;
  version: number;
  type: string;
  data: object;
  subject: string | null;
  personal: Buffer | null;
  meta: EventMeta;
  recorded_at: string;
  hash: Buffer;
  wrapped_key: Buffer | null;
};

const EVENT = sql`e.position, e.stream, e.version, e.type, e.data, e.subject, e.personal, e.meta,
  iso_utc(e.recorded_at) as recorded_at, e.hash, k.wrapped_key`;

const HASH = 64; // hex digits

/** A key made after an event is not the one the event was sealed with: that one has been destroyed. */
const KEY = sql`left join subject_keys k on k.subject = e.subject and k.after_position < e.position`;

/** The log: the one place where anything is recorded, and the first where anything is asked. */
@Injectable()
export class EventStore {
  private readonly readModels: ReadModel[] = [];

  constructor(
    private readonly database: Database,
    private readonly keys: SubjectKeys,
  ) {}

  subscribe<E extends Event>(readModel: ReadModel<E>): void {
    this.readModels.push(readModel as unknown as ReadModel);
  }

  /** See Database.transaction: several `transact` become one, all or nothing. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    return this.database.transaction(work);
  }

  /**
   * A transaction that waits for all others of this name, in the whole cluster: for what many may want to do to one thing
   * at once, and would otherwise decide again and again until they give up.
   */
  oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.database.transaction(async () => {
      await this.database.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`);
      return work();
    });
  }

  /**
   * Loads every stream that the decisions are about, decides, appends what was decided and feeds the read models, in one
   * transaction. Returns the recorded events per decision. When somebody else wrote to one of the streams meanwhile,
   * everything is decided again on the new state. Appends only when it is its `turn`; the rest may be done beforehand.
   */
  transact(decisions: readonly Decision[], meta: EventMeta, turn?: Promise<void>): Promise<Recorded[][]> {
    return this.database.transaction(async () => {
      const history = await this.read([...new Set(decisions.map(({ stream }) => stream))]);
      const drafts = draft(decisions, history);
      const recorded = await this.append(drafts.flat(), meta, turn);
      failpoint('after-events');
      await this.feed(recorded);
      let next = 0;
      return drafts.map((events) => recorded.slice(next, (next += events.length)));
    });
  }

  async read(streams: readonly string[]): Promise<ReadonlyMap<string, readonly Recorded[]>> {
    const rows = await this.database.rows(sql<EventRow>`
      select ${EVENT} from unnest(${streams}::text[]) as s (stream)
       cross join lateral (select * from events where stream = s.stream order by version) e
        ${KEY} order by e.position`);
    const events = new Map<string, Recorded[]>();
    for (const row of rows) {
      const past = events.get(row.stream);
      if (past === undefined) events.set(row.stream, [this.recorded(row)]);
      else past.push(this.recorded(row));
    }
    return events;
  }

  /** A page of the log by position. */
  async readAll(filter: EventFilter): Promise<Recorded[]> {
    const rows = await this.database.rows(sql<EventRow>`
      select ${EVENT} from (
        select * from events where ${matching(filter)}
         order by position ${filter.order === 'desc' ? sql`desc` : sql`asc`} limit ${filter.limit}
      ) e ${KEY}
      order by e.position ${filter.order === 'desc' ? sql`desc` : sql`asc`}`);
    return rows.map((row) => this.recorded(row));
  }

  /** The position of the newest event; 0 when there is none. Whatever is at it or before it has been committed. */
  async head(): Promise<number> {
    const row = await this.database.row(sql<{ position: string }>`select position from event_log`);
    return Number(row?.position ?? 0);
  }

  /** All at once: while the database works for one read model, the rows of the next are made. */
  private async feed(recorded: Recorded[]): Promise<void> {
    const feeding = this.readModels.map(async ({ on, apply }) => {
      const events = recorded.filter(({ type }) => on.includes(type));
      if (events.length > 0) await apply(events);
    });
    // Nobody may still be writing when the transaction is rolled back because another failed.
    for (const fed of await Promise.allSettled(feeding)) if (fed.status === 'rejected') throw fed.reason;
  }

  private async append(
    drafts: readonly Draft[],
    meta: EventMeta,
    turn: Promise<void> | undefined,
  ): Promise<Recorded[]> {
    if (drafts.length === 0) return [];
    const subjects = drafts.flatMap(({ event }) => (event.personal ? [subjectOf(event)] : []));
    const keys = await this.keys.ensure([...new Set(subjects)]);
    const batch = drafts.map(({ stream, version, event, cause }) => ({
      stream,
      version,
      type: event.type,
      data: event.data,
      cause,
      ...(event.personal && {
        subject: event.subject,
        personal: encrypt(
          keys.get(subjectOf(event))!,
          JSON.stringify(event.personal),
          `${stream}@${version}`,
        ).toString('base64'),
      }),
    }));
    await turn;
    const appended = await this.database.row(sql<{ first: string; recordedAt: string; hashes: string }>`
      select min(position) as first, iso_utc(min(recorded_at)) as "recordedAt",
             string_agg(encode(hash, 'hex'), '' order by ordinal) as hashes
        from append_events(${JSON.stringify(batch)}::jsonb, ${JSON.stringify(meta)}::jsonb)`);
    const first = Number(appended!.first);
    const { recordedAt, hashes } = appended!;
    return drafts.map(({ stream, version, event, cause }, index) => ({
      ...event,
      personal: event.personal ?? null,
      stream,
      version,
      position: first + index,
      erased: false,
      meta: cause === undefined ? meta : { ...meta, causationId: nameOf(cause, first) },
      recordedAt,
      hash: hashes.slice(index * HASH, (index + 1) * HASH),
    }));
  }

  private recorded(row: EventRow): Recorded {
    const { position, stream, version, type, data, subject, personal, meta, wrapped_key: wrapped } = row;
    const values =
      personal === null || subject === null || wrapped === null
        ? null
        : (JSON.parse(
            decrypt(this.keys.unwrap(subject, wrapped), personal, `${stream}@${version}`).toString(),
          ) as object);
    return {
      position: Number(position),
      stream,
      version,
      type,
      data,
      ...(subject !== null && { subject }),
      personal: values,
      erased: personal !== null && values === null,
      meta,
      recordedAt: row.recorded_at,
      hash: row.hash.toString('hex'),
    };
  }
}

const nameOf = (cause: string | number, first: number): string =>
  typeof cause === 'string' ? cause : `event:${first + cause - 1}`;

const subjectOf = (event: Event): string => {
  if (event.subject === undefined) throw new Error(`${event.type} has personal values but no subject.`);
  return event.subject;
};

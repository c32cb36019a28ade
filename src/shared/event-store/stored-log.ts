import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../database/database.ts';

/** An event as the chain sees it: what its hash covers beside the previous one, and the hash that stands there. */
export type Link = { position: number; envelope: string; payload: Buffer | null; hash: Buffer | null };

/** The head of the log, as its one row says; the hash is hex. */
export type Head = { position: number; hash: string };

/** Where an event stands: in the log and in its stream. */
export type Place = { position: number; stream: string; version: number };

type Stored<Row extends { position: number }> = Omit<Row, 'position'> & { position: string };

/**
 * The log as it is stored, for whoever does not believe it: a statement a page, so that nothing is held for long. It uses
 * what PostgreSQL brings and no function of ours, which whoever changes the log could change as well.
 */
@Injectable()
export class StoredLog {
  /** The head's position, as /metrics asks for it. */
  readonly position = sql`select '{}'::jsonb, position from event_log`;

  constructor(private readonly database: Database) {}

  async head(): Promise<Head | null> {
    return (await this.ends()).head;
  }

  /** The head, and the last event that there is, at one moment. */
  async ends(): Promise<{ head: Head | null; last: number }> {
    const row = await this.database.row(sql<{ head: string | null; hash: string | null; last: string }>`
      select l.position as head, encode(l.hash, 'hex') as hash, (select coalesce(max(position), 0) from events) as last
        from (select) one left join event_log l on true`);
    const { head = null, hash = null, last = '0' } = row ?? {};
    return { head: head === null ? null : { position: Number(head), hash: hash ?? '' }, last: Number(last) };
  }

  /** Events by position. The digest of what may be large is made by the server. */
  async links(after: number, upTo: number, limit: number): Promise<Link[]> {
    const rows = await this.database.rows(sql<Stored<Link>>`
      select position, hash,
             concat_ws(chr(31), position, stream, version, type, coalesce(subject, ''),
               case when isfinite(recorded_at) then (extract(epoch from recorded_at) * 1000000)::bigint end) as envelope,
             sha256(sha256(convert_to(data::text, 'UTF8')) || sha256(convert_to(meta::text, 'UTF8'))
               || sha256(coalesce(personal, ''::bytea))) as payload
        from events where position > ${after}::bigint and position <= ${upTo}::bigint
       order by position limit ${limit}`);
    return rows.map((row) => ({ ...row, position: Number(row.position) }));
  }

  /** Events up to a position, stream by stream and version by version. */
  async places(after: Place | null, upTo: number, limit: number): Promise<Place[]> {
    const { stream, version, position } = after ?? { stream: '', version: 0, position: 0 };
    const rows = await this.database.rows(sql<Stored<Place>>`
      select position, stream, version from events
       where position <= ${upTo}::bigint
         and (stream, version, position) > (${stream}::text, ${version}::int, ${position}::bigint)
       order by stream, version, position limit ${limit}`);
    return rows.map((row) => ({ ...row, position: Number(row.position) }));
  }

  /** The hashes (hex) that stand at these positions, of those events that are there. */
  async hashesAt(positions: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const rows = await this.database.rows(sql<{ position: string; hash: string }>`
      select position, encode(hash, 'hex') as hash from events where position = any(${positions}::bigint[])`);
    return new Map(rows.map(({ position, hash }) => [Number(position), hash]));
  }
}

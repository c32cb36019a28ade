import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import type { ReadModel } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { SyncCompleted } from '../sync/contract.ts';
import type { LeadUpserted, Source } from './contract.ts';
import type { KeyedSource, Owner } from './lead-identity.ts';
import { LeadMoves } from './lead-moves.read-model.ts';
import type { Announced, Moved } from './lead-moves.read-model.ts';
import { columns, flat } from './lead-details.ts';
import type { Columns } from './lead-details.ts';
import { derived } from './lead-search.ts';
import { LeadSources } from './lead-sources.read-model.ts';
import { NOTHING, isAlive, valuesOf } from './lead.decider.ts';
import type { LeadSource } from './lead.decider.ts';

/** A source as the lead's row has it; `home` is the merged lead that it came with, `gone` since when the CRM has it no more. */
type Listed = Source & Columns & { primary: boolean; home: string | null; gone: string | null };

export type LeadRow = Columns & {
  id: string;
  status: 'active' | 'gone' | 'erased';
  sources: Listed[];
  /** The lead that this one is a part of now; it has no sources then. */
  mergedInto: string | null;
  createdAt: string;
  updatedAt: string;
  lastSyncedAt: string;
  version: number;
};

export type LeadSort = '-createdAt' | 'createdAt' | '-updatedAt' | 'name';
/** Where a page starts: after the row with this sort value and id. */
export type LeadCursor = [value: string, id: string];
export type LeadQuestion = {
  search?: string | undefined;
  connectionId?: string | undefined;
  status?: string | undefined;
  sort: LeadSort;
  after: LeadCursor | null;
  limit: number;
};

type ListEvent = LeadUpserted | Moved | Announced | SyncCompleted;

const TIME = { type: sql`timestamptz`, toText: (column: RawBuilder<unknown>) => sql`iso_utc(${column})` };
const SORTS = {
  '-createdAt': { ...TIME, column: sql`l.created_at`, descending: true },
  createdAt: { ...TIME, column: sql`l.created_at`, descending: false },
  '-updatedAt': { ...TIME, column: sql`l.updated_at`, descending: true },
  name: {
    type: sql`text`,
    toText: (column: RawBuilder<unknown>) => column,
    column: sql`l.sort_name`,
    descending: false,
  },
};

/** Who the leads are: the table `leads` with its sources in `lead_sources`. */
@Injectable()
export class LeadList implements ReadModel<ListEvent> {
  readonly name = 'lead-list';
  readonly tables = ['leads', 'lead_sources', 'lead_connections'] as const;
  readonly on = [
    'LeadUpserted',
    'LeadMerged',
    'LeadSplit',
    'LeadGone',
    'LeadRestored',
    'SyncCompleted',
  ] as const;
  private readonly moves: LeadMoves;
  private readonly sources: LeadSources;

  constructor(private readonly database: Database) {
    this.moves = new LeadMoves(database);
    this.sources = new LeadSources(database);
  }

  readonly apply = async (events: Recorded<ListEvent>[]): Promise<void> => {
    let upserted: Recorded<LeadUpserted>[] = [];
    const announced: Recorded<Announced>[] = [];
    for (const event of events) {
      if (event.type === 'LeadUpserted') upserted.push(event);
      else if (event.type === 'SyncCompleted') await this.synced(event);
      else if (event.type === 'LeadGone' || event.type === 'LeadRestored') announced.push(event);
      else {
        // Between two moves a source has one lead, so that everything in between can be written at once.
        await this.upsert(upserted);
        upserted = [];
        await this.moves.move(event);
      }
    }
    await this.upsert(upserted);
    await this.moves.count(announced);
  };

  /** The leads of the clients that are linked already; all clients are of one connection. */
  async leadsOf(clients: readonly Source[]): Promise<string[]> {
    const [first] = clients;
    if (first === undefined) return [];
    const rows = await this.database.rows(sql<{ id: string }>`
      select s.lead_id as id from unnest(${clients.map(({ externalId }) => externalId)}::text[]) as c (external_id)
       cross join lateral (select lead_id from lead_sources
          where connection_id = ${first.connectionId} and external_id = c.external_id limit 1) s`);
    return rows.map(({ id }) => id);
  }

  /** Which lead each of these clients of a connection is. */
  async bySource(connectionId: string, externalIds: readonly string[]): Promise<Map<string, string>> {
    if (externalIds.length === 0) return new Map();
    const rows = await this.database.rows(sql<{ externalId: string; id: string }>`
      select c.external_id as "externalId", s.lead_id as id from unnest(${externalIds}::text[]) as c (external_id)
       cross join lateral (select lead_id from lead_sources
          where connection_id = ${connectionId} and external_id = c.external_id limit 1) s`);
    return new Map(rows.map(({ externalId, id }) => [externalId, id]));
  }

  /** The names of these leads. */
  async names(ids: readonly string[]): Promise<Map<string, string>> {
    if (ids.length === 0) return new Map();
    const rows = await this.database.rows(sql<{ id: string; name: string }>`
      select id, name from leads where id = any(${ids}::uuid[]) and name is not null`);
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  /** Which lead each of these e-mail keys belongs to. */
  async ownersOf(keys: readonly string[]): Promise<Map<string, Owner>> {
    if (keys.length === 0) return new Map();
    const rows = await this.database.rows(sql<Owner & { key: string }>`
      select k.key, coalesce(l.merged_into, l.id) as "leadId", l.id as home from unnest(${keys}::text[]) as k (key)
       cross join lateral (select id, merged_into from leads where email_key = k.key limit 1) l`);
    return new Map(rows.map(({ key, ...owner }) => [key, owner]));
  }

  /** All sources of these leads, in the order they were linked. */
  async keyedSources(leadIds: readonly string[]): Promise<ReadonlyMap<string, KeyedSource[]>> {
    if (leadIds.length === 0) return new Map();
    const rows = await this.database.rows(sql<KeyedSource & { leadId: string }>`
      select s.lead_id as "leadId", s.connection_id as "connectionId", s.external_id as "externalId",
             s.email_key as "emailKey", coalesce(s.home_id, s.lead_id) as home, iso_utc(s.gone_at) as gone
        from unnest(${leadIds}::uuid[]) as l (id)
       cross join lateral (select * from lead_sources where lead_id = l.id order by linked_position) s`);
    const sources = new Map<string, KeyedSource[]>();
    for (const { leadId, ...source } of rows) {
      const known = sources.get(leadId);
      if (known === undefined) sources.set(leadId, [source]);
      else known.push(source);
    }
    return sources;
  }

  async page(question: LeadQuestion): Promise<(LeadRow & { cursor: LeadCursor })[]> {
    const { column, descending, toText } = SORTS[question.sort];
    const direction = descending ? sql`desc` : sql`asc`;
    const rows = await this.database.rows(sql<LeadRow & { sortValue: string }>`
      ${LEAD}, ${toText(column)} as "sortValue" from (
        select * from leads l where ${this.matching(question)}
         order by ${column} ${direction}, l.id ${direction} limit ${question.limit}
      ) l ${SOURCES} order by ${column} ${direction}, l.id ${direction}`);
    return rows.map(({ sortValue, ...row }) => ({ ...row, cursor: [sortValue, row.id] }));
  }

  async one(id: string): Promise<LeadRow | undefined> {
    return this.database.row(sql<LeadRow>`${LEAD} from leads l ${SOURCES} where l.id = ${id}`);
  }

  private matching({ search, connectionId, status, sort, after }: LeadQuestion): RawBuilder<unknown> {
    const conditions = [sql`l.merged_into is null`];
    if (search !== undefined) {
      const pattern = `%${search
        .trim()
        .toLowerCase()
        .replace(/[\\%_]/g, '\\$&')}%`;
      conditions.push(sql`l.search like ${pattern}`);
    }
    if (status !== undefined) conditions.push(sql`l.status = ${status}`);
    if (connectionId !== undefined) {
      conditions.push(
        sql`exists (select from lead_sources s where s.lead_id = l.id and s.connection_id = ${connectionId})`,
      );
    }
    if (after !== null) {
      const { column, type, descending } = SORTS[sort];
      const [value, id] = after;
      conditions.push(
        sql`(${column}, l.id) ${descending ? sql`<` : sql`>`} (${value}::${type}, ${id}::uuid)`,
      );
    }
    return sql.join(conditions, sql` and `);
  }

  private async upsert(events: Recorded<LeadUpserted>[]): Promise<void> {
    if (events.length === 0) return;
    await this.sources.write(events);
    const others = events.filter(({ data }) => data.change !== 'created').map(({ data }) => data.leadId);
    const sources = await this.sourcesOf([...new Set(others)]);
    const rows = new Map<string, { createdAt: string }>();
    for (const { data, personal, recordedAt: updatedAt, version } of events) {
      const id = data.leadId;
      const all = sources.get(id) ?? [{ ...data.source, ...NOTHING, ...personal, gone: data.gone ?? null }];
      const values = valuesOf(all);
      const createdAt = rows.get(id)?.createdAt ?? updatedAt;
      const status = isAlive(all) ? 'active' : 'gone';
      const row = { id, createdAt, status, ...columns(values), ...derived(values), updatedAt, version };
      rows.set(id, row);
    }
    await this.database.execute(sql`
      insert into leads (id, name, email, email_key, phone, details, status, search, sort_name, created_at, updated_at, version)
      select id, name, email, "emailKey", phone, details, status, search, "sortName", "createdAt", "updatedAt", version
        from jsonb_to_recordset(${JSON.stringify([...rows.values()])}::jsonb) as l (id uuid, name text, email text,
          "emailKey" text, phone text, details jsonb, status text, search text, "sortName" text, "createdAt" timestamptz,
          "updatedAt" timestamptz, version int)
      on conflict (id) do update set name = excluded.name, email = excluded.email, email_key = excluded.email_key,
        phone = excluded.phone, details = excluded.details, status = excluded.status, search = excluded.search,
        sort_name = excluded.sort_name,
        updated_at = excluded.updated_at, version = excluded.version`);
    const mixed = [...sources].filter(([, all]) => all.some(({ home }) => home !== null));
    if (mixed.length > 0) await this.moves.rekey(mixed.map(([id]) => id));
  }

  private async sourcesOf(
    leadIds: string[],
  ): Promise<ReadonlyMap<string, (LeadSource & { home: string | null })[]>> {
    if (leadIds.length === 0) return new Map();
    const rows = await this.database.rows(sql<{ id: string; sources: Listed[] }>`
      select l.id, s.sources from unnest(${leadIds}::uuid[]) as l (id) ${SOURCES}`);
    return new Map(rows.map(({ id, sources }) => [id, sources.map(flat)]));
  }

  private async synced({ data, recordedAt }: Recorded<SyncCompleted>): Promise<void> {
    if (data.status === 'suspicious') return;
    await this.database.execute(sql`
      insert into lead_connections values (${data.connectionId}, ${recordedAt})
      on conflict (connection_id) do update set last_synced_at = excluded.last_synced_at`);
  }
}

const LEAD = sql`select l.id, l.name, l.email, l.phone, l.details, l.status, s.sources, iso_utc(l.created_at) as "createdAt",
  iso_utc(l.updated_at) as "updatedAt", iso_utc(greatest(l.updated_at, s.last_synced_at)) as "lastSyncedAt", l.version,
  l.merged_into as "mergedInto"`;

const SOURCES = sql`cross join lateral (
  select coalesce(json_agg(json_build_object('connectionId', o.connection_id, 'externalId', o.external_id, 'primary', o.n = 1,
           'name', o.name, 'email', o.email, 'phone', o.phone, 'details', o.details,
           'home', o.home_id, 'gone', iso_utc(o.gone_at)) order by o.n), '[]') as sources, max(o.last_synced_at) filter (where o.gone_at is null) as last_synced_at
    from (select s.*, c.last_synced_at, row_number() over (order by s.gone_at desc, s.linked_position) as n
            from lead_sources s left join lead_connections c using (connection_id) where s.lead_id = l.id) o) s`;

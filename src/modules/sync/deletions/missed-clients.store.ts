import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../../../shared/database/database.ts';
import type { Absences } from '../contract.ts';
import { NO_ID } from '../quarantine/quarantine-advice.ts';
import type { Losses } from './deletion-fuse.ts';

/** A client that is to be recorded as missing, and the run that missed it first. */
export type Unnoticed = { externalId: string; runId: string };
/** A client to ask for by its id. */
export type Doubtful = { externalId: string; approvedIn: string | null };

/** How long those count that have gone without anybody having been asked. */
const LATELY = sql`interval '7 days'`;

/** Records without an id are known by their content alone: nobody can ask for them. */
const HAS_ID = sql`not starts_with(c.external_id, ${NO_ID})`;

/** The clients that the last complete listing did not show. Reads who is known (`crm_clients`) and who was met (`run_seen`). */
@Injectable()
export class MissedClients {
  constructor(private readonly database: Database) {}

  /** Notes whom this run has missed, strikes off whom it or somebody else has met, and says how many that makes. */
  async note(connectionId: string, runId: string, others: readonly string[]): Promise<Losses> {
    const met = sql`select unnest(external_ids) as external_id from run_seen
       where run_id = ${runId} and kind = 'client' union select unnest(${others}::text[])`;
    await this.database.execute(sql`
      delete from missed_clients m using (${met}) s
       where m.connection_id = ${connectionId} and m.external_id = s.external_id`);
    await this.database.execute(sql`
      insert into missed_clients (connection_id, external_id, run_id)
      select c.connection_id, c.external_id, ${runId}::uuid
        from crm_clients c left join (${met}) s on s.external_id = c.external_id
       where c.connection_id = ${connectionId} and c.absence is distinct from 'gone' and s.external_id is null and ${HAS_ID}
      on conflict do nothing`);
    const row = await this.database.row(sql<Losses>`
      select count(*) filter (where c.absence is distinct from 'gone')::int as known,
             count(m.external_id) filter (where m.approved_in is null
               and (c.absence is null or c.absent_at > clock_timestamp() - ${LATELY}))::int as missed,
             count(*) filter (where c.absence = 'gone' and not c.approved
               and c.absent_at > clock_timestamp() - ${LATELY})::int as lately
        from crm_clients c left join missed_clients m using (connection_id, external_id)
       where c.connection_id = ${connectionId} and ${HAS_ID}`);
    return row!;
  }

  /** Whom this run was the first to miss, has found to be gone, and has met again. */
  async absences(connectionId: string, runId: string): Promise<Absences> {
    const row = await this.database.row(sql<Absences>`
      select count(*) filter (where absence = 'missing')::int as missing,
             count(*) filter (where absence = 'gone')::int as gone,
             count(*) filter (where absence is null)::int as returned
        from crm_clients where connection_id = ${connectionId} and absence_run = ${runId}`);
    return row!;
  }

  /** Missed by `runId` and not recorded as missing yet; an approved one by the run that a person has looked at. */
  unnoticed(connectionId: string, runId: string): Promise<Unnoticed[]> {
    return this.database.rows(sql<Unnoticed>`
      select c.external_id as "externalId",
             case when m.approved_in is null then ${runId}::uuid else m.run_id end as "runId"
        from missed_clients m join crm_clients c using (connection_id, external_id)
       where connection_id = ${connectionId} and c.absence is null order by c.external_id`);
  }

  /** Those that two listings have missed: approved ones first, then who was asked for longest ago. */
  doubtful(connectionId: string, most: number): Promise<Doubtful[]> {
    return this.database.rows(sql<Doubtful>`
      select c.external_id as "externalId", m.approved_in as "approvedIn"
        from missed_clients m join crm_clients c using (connection_id, external_id)
       where connection_id = ${connectionId} and (c.absence = 'missing' or m.approved_in is not null)
       order by m.approved_in is null, m.looked_at nulls first, c.external_id limit ${most}`);
  }

  /** Somebody whom the last listing has shown. */
  async present(connectionId: string): Promise<string | undefined> {
    const row = await this.database.row(sql<{ externalId: string }>`
      select c.external_id as "externalId" from crm_clients c
       where c.connection_id = ${connectionId} and c.absence is null and ${HAS_ID} and not exists (
         select from missed_clients m where m.connection_id = c.connection_id and m.external_id = c.external_id) limit 1`);
    return row?.externalId;
  }

  /** They have been asked for. Nobody's approval counts for those of whom the CRM says that they are `there`. */
  async looked(
    connectionId: string,
    externalIds: readonly string[],
    there: readonly string[],
  ): Promise<void> {
    await this.database.execute(sql`
      update missed_clients set looked_at = clock_timestamp(),
             approved_in = case when external_id = any(${there}::text[]) then null else approved_in end
       where connection_id = ${connectionId} and external_id = any(${externalIds}::text[])`);
  }

  async forget(connectionId: string, externalIds: readonly string[]): Promise<void> {
    await this.database.execute(sql`
      delete from missed_clients
       where connection_id = ${connectionId} and external_id = any(${externalIds}::text[])`);
  }

  /** Lets those go that this run has held: who was missed when it ended, and has not been met since. */
  async approve(connectionId: string, runId: string, endedAt: string): Promise<void> {
    await this.database.execute(sql`
      update missed_clients set approved_in = ${runId}
       where connection_id = ${connectionId} and approved_in is null and missed_at <= ${endedAt}::timestamptz`);
  }

  async now(): Promise<string> {
    const row = await this.database.row(sql<{ now: string }>`select iso_utc(clock_timestamp()) as now`);
    return row!.now;
  }
}

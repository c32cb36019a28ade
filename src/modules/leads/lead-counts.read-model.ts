import { Injectable } from '@nestjs/common';
import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import { CountLeads } from './contract.ts';
import type { LeadRow } from './lead-list.read-model.ts';

const DAYS = 30;

/** How many leads there are: asked of the table that the list keeps. Merged ones are parts of others and not counted. */
@Injectable()
@QueryHandler(CountLeads)
export class LeadCounts implements IQueryHandler<CountLeads> {
  constructor(private readonly database: Database) {}

  async execute({ timezone }: CountLeads) {
    const byStatus = await this.byStatus();
    const newPerDay = await this.newPerDay(timezone);
    return { total: byStatus.active + byStatus.gone + byStatus.erased, byStatus, newPerDay };
  }

  private async byStatus(): Promise<Record<LeadRow['status'], number>> {
    const rows = await this.database.rows(sql<{ status: LeadRow['status']; count: number }>`
      select status, count(*)::int as count from leads where merged_into is null group by status`);
    const none = { active: 0, gone: 0, erased: 0 };
    return Object.assign(none, Object.fromEntries(rows.map(({ status, count }) => [status, count])));
  }

  private async newPerDay(timezone: string): Promise<{ day: string; count: number }[]> {
    return this.database.rows(sql<{ day: string; count: number }>`
      with today as (select (clock_timestamp() at time zone ${timezone})::date as day)
      select to_char(d.day, 'YYYY-MM-DD') as day, count(l.id)::int as count
        from today, generate_series(today.day - ${DAYS - 1}::int, today.day, interval '1 day') as d (day)
        left join leads l on l.created_at >= d.day at time zone ${timezone} and l.merged_into is null
         and l.created_at < (d.day + interval '1 day') at time zone ${timezone}
       group by d.day order by d.day`);
  }
}

import { Injectable } from '@nestjs/common';
import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import { SummarizeBookings } from './contract.ts';
import type { UpcomingBooking } from './contract.ts';

type NextBooking = UpcomingBooking & { leadId: string | null };

const SHOWN = 10;

/** How many bookings there are, and which are next: asked of the table that the list keeps. */
@Injectable()
@QueryHandler(SummarizeBookings)
export class BookingCounts implements IQueryHandler<SummarizeBookings> {
  constructor(private readonly database: Database) {}

  async execute() {
    const counts = await this.database.row(sql<{ total: number; upcoming: number }>`
      select count(*)::int as total,
             (count(*) filter (where start_at >= clock_timestamp() and status <> 'canceled'))::int as upcoming
        from bookings`);
    const next = await this.database.rows(sql<NextBooking>`
      select id, lead_id as "leadId", status, iso_utc(start_at) as "startAt", iso_utc(end_at) as "endAt", service, provider
        from bookings where start_at >= clock_timestamp() and status <> 'canceled'
       order by bookings.start_at, id limit ${SHOWN}`);
    return { ...counts!, next };
  }
}

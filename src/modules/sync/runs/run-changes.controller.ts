import { Controller, Get, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { EventStore } from '../../../shared/event-store/event-store.ts';
import type { Recorded } from '../../../shared/event-store/event.ts';
import { decodeCursor, encodeCursor, page } from '../../../shared/http/keyset-page.ts';
import type { Page } from '../../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../../shared/http/page-of.ts';
import { UuidParamPipe } from '../../../shared/http/uuid-param.pipe.ts';
import { DescribeBookingChanges } from '../../bookings/contract.ts';
import type { BookingUpserted } from '../../bookings/contract.ts';
import { DescribeLeadChanges, LEAD_EVENTS } from '../../leads/contract.ts';
import type { LeadEvent } from '../../leads/contract.ts';
import { GetRun } from '../contract.ts';
import { RunChangeDto, RunChangesQueryDto } from './run-changes.dto.ts';

const CURSOR = z.tuple([z.int().min(1)]);
const TYPES = { lead: LEAD_EVENTS, booking: ['BookingUpserted'] } as const;

@ApiTags('sync')
@Controller('api/runs')
export class RunChangesController {
  constructor(
    private readonly queries: QueryBus,
    private readonly events: EventStore,
  ) {}

  /** What this run has done, per record and in its order, from the log. */
  @Get(':id/changes')
  @ApiPageOf(RunChangeDto)
  async list(
    @Param('id', UuidParamPipe) runId: string,
    @Query() { kind, limit, cursor }: RunChangesQueryDto,
  ): Promise<Page<RunChangeDto>> {
    const of = `changes:${runId}:${kind ?? ''}`;
    const after = cursor === undefined ? 0 : decodeCursor(cursor, of, CURSOR)[0];
    await this.queries.execute(new GetRun(runId));
    const types = kind === undefined ? [...TYPES.lead, ...TYPES.booking] : TYPES[kind];
    const events = await this.events.readAll({ runId, types, after, limit: limit + 1 });
    const { data, page: next } = page(events, limit, ({ position }) => encodeCursor([position], of));
    return { data: await this.described(data), page: next };
  }

  private async described(events: readonly Recorded[]): Promise<RunChangeDto[]> {
    const ofBookings = events.filter(({ type }) => type === 'BookingUpserted') as Recorded<BookingUpserted>[];
    const ofLeads = events.filter(({ type }) => type !== 'BookingUpserted') as Recorded<LeadEvent>[];
    const [leads, bookings] = await Promise.all([
      this.queries.execute(new DescribeLeadChanges(ofLeads)),
      this.queries.execute(new DescribeBookingChanges(ofBookings)),
    ]);
    const changes: RunChangeDto[] = [
      ...leads.map(({ leadId, event, ...change }) => ({
        kind: 'lead' as const,
        id: leadId,
        ...change,
        eventPosition: event.position,
      })),
      ...bookings.map(({ bookingId, event, ...change }) => ({
        kind: 'booking' as const,
        id: bookingId,
        ...change,
        eventPosition: event.position,
      })),
    ];
    return changes.toSorted((a, b) => a.eventPosition - b.eventPosition);
  }
}

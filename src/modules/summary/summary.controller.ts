import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { SummarizeBookings } from '../bookings/contract.ts';
import { ListConnections } from '../crm-connection/contract.ts';
import type { PlannedConnection } from '../crm-connection/contract.ts';
import { CountLeads, NameLeads } from '../leads/contract.ts';
import { SummarizeSync } from '../sync/contract.ts';
import type { SyncRun } from '../sync/contract.ts';
import { SummaryDto, SummaryQueryDto } from './summary.dto.ts';
import type { ConnectionStateDto, NextBookingDto, RunStateDto } from './summary.dto.ts';

@ApiTags('summary')
@Controller('api/summary')
export class SummaryController {
  constructor(private readonly queries: QueryBus) {}

  /** How things stand: leads, bookings, connections, runs, quarantine. */
  @Get()
  async summary(@Query() { timezone }: SummaryQueryDto): Promise<SummaryDto> {
    const [leads, booked, connections, { lastRuns, quarantine }] = await Promise.all([
      this.queries.execute(new CountLeads(timezone)),
      this.queries.execute(new SummarizeBookings()),
      this.queries.execute(new ListConnections()),
      this.queries.execute(new SummarizeSync()),
    ]);
    const bookings = { ...booked, next: await this.withNames(booked.next) };
    const synced = connections.flatMap(({ lastSyncedAt }) => lastSyncedAt ?? []);
    const lastSyncedAt = synced.toSorted((a, b) => Date.parse(b) - Date.parse(a))[0] ?? null;
    const ours = new Set(connections.map(({ id }) => id));
    const runs = { last: lastRuns.filter(({ connectionId }) => ours.has(connectionId)).map(shortly) };
    return { leads, bookings, connections: connections.map(stateOf), runs, quarantine, lastSyncedAt };
  }

  private async withNames(next: readonly Omit<NextBookingDto, 'leadName'>[]): Promise<NextBookingDto[]> {
    const names = await this.queries.execute(new NameLeads(next.flatMap(({ leadId }) => leadId ?? [])));
    return next.map((booking) => ({ ...booking, leadName: names.get(booking.leadId ?? '') ?? null }));
  }
}

const STATE = ['id', 'name', 'company', 'status', 'attention', 'lastSyncedAt', 'nextSyncAt'] as const;
const stateOf = (connection: PlannedConnection): ConnectionStateDto => only(connection, STATE);

const SHORT = [
  'id',
  'connectionId',
  'trigger',
  'status',
  'counts',
  'startedAt',
  'finishedAt',
  'error',
] as const;
const shortly = (run: SyncRun): RunStateDto => only(run, SHORT);

/** What the summary shows of something that has more to say. */
const only = <Whole, Name extends keyof Whole>(whole: Whole, names: readonly Name[]): Pick<Whole, Name> =>
  Object.fromEntries(names.map((name) => [name, whole[name]])) as Pick<Whole, Name>;

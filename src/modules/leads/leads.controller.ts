import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Caller } from '../../shared/caller.ts';
import { CurrentCaller } from '../../shared/http/current-caller.ts';
import { instant } from '../../shared/http/instant.ts';
import { KeysetPageDto } from '../../shared/http/keyset-page.dto.ts';
import { decodeCursor, encodeCursor, page } from '../../shared/http/keyset-page.ts';
import type { Page } from '../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../shared/http/page-of.ts';
import { Problems } from '../../shared/http/problems.ts';
import { UuidParamPipe } from '../../shared/http/uuid-param.pipe.ts';
import { BookingsOfLead } from '../bookings/contract.ts';
import type { LeadChange } from './contract.ts';
import { LeadBooks } from './lead-books.ts';
import { LeadChangeDto, LeadQueryDto } from './lead-history.dto.ts';
import { SOURCE, connectionIn } from './lead-filter.ts';
import { LeadList } from './lead-list.read-model.ts';
import type { LeadRow } from './lead-list.read-model.ts';
import { LeadDetailDto, LeadDto, LeadsQueryDto, OtherLeadDto } from './leads.dto.ts';
import { MergeLeads } from './merge-leads.ts';
import { SplitLead } from './split-lead.ts';

const BY_TIME = z.tuple([instant, z.uuid()]);
const BY_VERSION = z.tuple([z.int().min(1)]);
const BY_NAME = z.tuple([z.string(), z.uuid()]);

@ApiTags('leads')
@Controller('api/leads')
export class LeadsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly leads: LeadList,
    private readonly books: LeadBooks,
  ) {}

  /** The leads, searched and sorted. */
  @Get()
  @ApiPageOf(LeadDto)
  async list(@Query() query: LeadsQueryDto): Promise<Page<LeadDto>> {
    const { search, source, status, sort, limit, cursor } = query;
    const of = `leads:${sort}`;
    const shape = sort === 'name' ? BY_NAME : BY_TIME;
    const after = cursor === undefined ? null : decodeCursor(cursor, of, shape);
    const connectionId = connectionIn(source);
    const rows = await this.leads.page({ search, connectionId, status, sort, after, limit: limit + 1 });
    const { data, page: next } = page(rows, limit, (row) => encodeCursor(row.cursor, of));
    return { data: data.map(asLead), page: next };
  }

  /**
   * One lead with all its sources and what it has booked, as it is now or as it was. A merged one is 404 `lead-merged`, and
   * `mergedInto` names the lead to ask for.
   */
  @Get(':id')
  async one(@Param('id', UuidParamPipe) id: string, @Query() { asOf }: LeadQueryDto): Promise<LeadDetailDto> {
    if (asOf !== undefined) return Object.assign(asLead(await this.books.asOf(id, asOf)), { bookings: null });
    const row = await this.books.one(id);
    const bookings = await this.queries.execute(new BookingsOfLead(id));
    return Object.assign(asLead(row), { bookings });
  }

  /** Every change of a lead, the newest first, from the log: before, after, by whom, why, when. */
  @Get(':id/history')
  @ApiPageOf(LeadChangeDto)
  async history(
    @Param('id', UuidParamPipe) id: string,
    @Query() { limit, cursor }: KeysetPageDto,
  ): Promise<Page<LeadChangeDto>> {
    const of = `history:${id}`;
    const before = cursor === undefined ? Infinity : decodeCursor(cursor, of, BY_VERSION)[0];
    const rows = (await this.books.history(id)).filter(({ event }) => event.version < before);
    const { data, page: next } = page(rows, limit, ({ event }) => encodeCursor([event.version], of));
    return { data: data.map(asChange), page: next };
  }

  /** Makes one lead of two: the one of the body becomes a part of this one, until it is split off again. */
  @Post(':id/merge')
  @HttpCode(200)
  @Problems('conflict', 'unprocessable')
  async merge(
    @Param('id', UuidParamPipe) id: string,
    @Body() { leadId }: OtherLeadDto,
    @CurrentCaller() by: Caller,
  ): Promise<LeadDto> {
    await this.commands.execute(new MergeLeads(id, leadId.toLowerCase(), by));
    return asLead(await this.books.one(id));
  }

  /** Undoes a merge: the lead of the body comes back with its sources, and is the answer. */
  @Post(':id/split')
  @HttpCode(200)
  @Problems('conflict', 'unprocessable')
  async split(
    @Param('id', UuidParamPipe) id: string,
    @Body() { leadId }: OtherLeadDto,
    @CurrentCaller() by: Caller,
  ): Promise<LeadDto> {
    await this.commands.execute(new SplitLead(id, leadId.toLowerCase(), by));
    return asLead(await this.books.one(leadId.toLowerCase()));
  }
}

const asChange = ({ event, change, changed, before, after }: LeadChange): LeadChangeDto => ({
  position: event.position,
  version: event.version,
  change,
  changed,
  before,
  after,
  source: 'source' in event.data ? event.data.source : null,
  otherId: 'otherId' in event.data ? event.data.otherId : null,
  actor: event.meta.actor,
  cause: event.meta.causationId,
  correlationId: event.meta.correlationId,
  runId: event.meta.runId ?? null,
  recordedAt: event.recordedAt,
  erased: event.erased,
});

const asLead = ({ id, name, email, phone, details, status, sources, ...rest }: LeadRow): LeadDto => ({
  id,
  name,
  email,
  phone,
  phoneE164: details?.phoneE164 ?? null,
  phoneExtension: details?.phoneExtension ?? null,
  address: details?.address ?? null,
  source: SOURCE,
  status,
  notes: `Synced from ${SOURCE} on ${rest.lastSyncedAt}`,
  sources: sources.map(({ connectionId, externalId, primary, ...values }) => ({
    connectionId,
    externalId,
    primary,
    status: values.gone === null ? 'active' : 'gone',
    goneAt: values.gone,
    name: values.name,
    email: values.email,
    phone: values.phone,
    phoneE164: values.details?.phoneE164 ?? null,
    phoneExtension: values.details?.phoneExtension ?? null,
    address: values.details?.address ?? null,
    fields: [...(values.details?.fields ?? [])],
  })),
  mergedLeads: [...new Set(sources.flatMap(({ home }) => home ?? []))],
  createdAt: rest.createdAt,
  updatedAt: rest.updatedAt,
  lastSyncedAt: rest.lastSyncedAt,
  version: rest.version,
});

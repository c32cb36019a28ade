import { Controller, Get, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Refusal } from '../../shared/errors.ts';
import { instant } from '../../shared/http/instant.ts';
import { decodeCursor, encodeCursor, page } from '../../shared/http/keyset-page.ts';
import type { Page } from '../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../shared/http/page-of.ts';
import { UuidParamPipe } from '../../shared/http/uuid-param.pipe.ts';
import { BookingsOfLead } from '../bookings/contract.ts';
import { LeadList } from './lead-list.read-model.ts';
import type { LeadRow } from './lead-list.read-model.ts';
import { LeadDetailDto, LeadDto, LeadsQueryDto } from './leads.dto.ts';

const SOURCE = 'SimplyBook.me';
const BY_TIME = z.tuple([instant, z.uuid()]);
const BY_NAME = z.tuple([z.string(), z.uuid()]);

@ApiTags('leads')
@Controller('api/leads')
export class LeadsController {
  constructor(
    private readonly leads: LeadList,
    private readonly queries: QueryBus,
  ) {}

  /** The leads, searched and sorted. */
  @Get()
  @ApiPageOf(LeadDto)
  async list(@Query() query: LeadsQueryDto): Promise<Page<LeadDto>> {
    const { search, source, status, sort, limit, cursor } = query;
    const of = `leads:${sort}`;
    const shape = sort === 'name' ? BY_NAME : BY_TIME;
    const after = cursor === undefined ? null : decodeCursor(cursor, of, shape);
    const connectionId = source === undefined || source === SOURCE ? undefined : connectionIn(source);
    const rows = await this.leads.page({ search, connectionId, status, sort, after, limit: limit + 1 });
    const { data, page: next } = page(rows, limit, (row) => encodeCursor(row.cursor, of));
    return { data: data.map(asLead), page: next };
  }

  /** One lead with all its sources and what it has booked. */
  @Get(':id')
  async one(@Param('id', UuidParamPipe) id: string): Promise<LeadDetailDto> {
    const row = await this.leads.one(id);
    if (row === undefined) throw new Refusal('not-found', 'lead-not-found', 'There is no lead with this id.');
    const bookings = await this.queries.execute(new BookingsOfLead(id));
    return Object.assign(asLead(row), { bookings });
  }
}

const connectionIn = (source: string): string => {
  if (z.uuid().safeParse(source).success) return source;
  throw new Refusal('invalid', 'invalid-request', 'The request has values that cannot be used.', {
    errors: [{ pointer: '?source', detail: `must be ${SOURCE} or the id of a connection` }],
  });
};

const asLead = ({ id, name, email, phone, status, sources, ...rest }: LeadRow): LeadDto => ({
  id,
  name,
  email,
  phone,
  source: SOURCE,
  status,
  notes: `Synced from ${SOURCE} on ${rest.lastSyncedAt}`,
  sources,
  createdAt: rest.createdAt,
  updatedAt: rest.updatedAt,
  lastSyncedAt: rest.lastSyncedAt,
  version: rest.version,
});

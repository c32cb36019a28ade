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
import { NameLeads } from '../leads/contract.ts';
import { BookingList } from './booking-list.read-model.ts';
import type { BookingRow } from './booking-list.read-model.ts';
import { BookingDto, BookingsQueryDto } from './bookings.dto.ts';

const CURSOR = z.tuple([instant, z.uuid()]);

@ApiTags('bookings')
@Controller('api/bookings')
export class BookingsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly bookings: BookingList,
  ) {}

  /** The bookings, the latest start first. */
  @Get()
  @ApiPageOf(BookingDto)
  async list(@Query() { cursor, limit, ...filters }: BookingsQueryDto): Promise<Page<BookingDto>> {
    const after = cursor === undefined ? null : decodeCursor(cursor, 'bookings', CURSOR);
    const rows = await this.bookings.page({ ...filters, after, limit: limit + 1 });
    const { data, page: next } = page(rows, limit, ({ startAt, createdAt, id }) =>
      encodeCursor([startAt ?? createdAt, id], 'bookings'),
    );
    return { data: await this.withNames(data), page: next };
  }

  /** One booking. */
  @Get(':id')
  async one(@Param('id', UuidParamPipe) id: string): Promise<BookingDto> {
    const found = await this.bookings.one(id);
    const [booking] = found === undefined ? [] : await this.withNames([found]);
    if (booking !== undefined) return booking;
    throw new Refusal('not-found', 'booking-not-found', 'There is no booking with this id.');
  }

  private async withNames(rows: readonly BookingRow[]): Promise<BookingDto[]> {
    const leads = rows.flatMap(({ leadId }) => leadId ?? []);
    const names = await this.queries.execute(new NameLeads(leads));
    return rows.map((row) => ({ ...row, leadName: names.get(row.leadId ?? '') ?? null }));
  }
}

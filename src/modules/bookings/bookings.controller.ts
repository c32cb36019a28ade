import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Refusal } from '../../shared/errors.ts';
import { instant } from '../../shared/http/instant.ts';
import { decodeCursor, encodeCursor, page } from '../../shared/http/keyset-page.ts';
import type { Page } from '../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../shared/http/page-of.ts';
import { UuidParamPipe } from '../../shared/http/uuid-param.pipe.ts';
import { BookingList } from './booking-list.read-model.ts';
import { BookingDto, BookingsQueryDto } from './bookings.dto.ts';

const CURSOR = z.tuple([instant, z.uuid()]);

@ApiTags('bookings')
@Controller('api/bookings')
export class BookingsController {
  constructor(private readonly bookings: BookingList) {}

  /** The bookings, the latest start first. */
  @Get()
  @ApiPageOf(BookingDto)
  async list(@Query() { cursor, limit, ...filters }: BookingsQueryDto): Promise<Page<BookingDto>> {
    const after = cursor === undefined ? null : decodeCursor(cursor, 'bookings', CURSOR);
    const rows = await this.bookings.page({ ...filters, after, limit: limit + 1 });
    return page(rows, limit, ({ startAt, createdAt, id }) =>
      encodeCursor([startAt ?? createdAt, id], 'bookings'),
    );
  }

  /** One booking. */
  @Get(':id')
  async one(@Param('id', UuidParamPipe) id: string): Promise<BookingDto> {
    const found = await this.bookings.one(id);
    if (found !== undefined) return found;
    throw new Refusal('not-found', 'booking-not-found', 'There is no booking with this id.');
  }
}

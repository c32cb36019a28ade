import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Refusal } from '../../shared/errors.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import { decodeCursor, encodeCursor, page } from '../../shared/http/keyset-page.ts';
import type { Page } from '../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../shared/http/page-of.ts';
import { PositionParamPipe } from '../../shared/http/position-param.pipe.ts';
import { RepeatableQuery } from '../../shared/http/request-rules.interceptor.ts';
import { EventDto, EventsQueryDto } from './audit.dto.ts';

const CURSOR = z.tuple([z.int().min(0)]);

/** Questions over the log; it has no table of its own. */
@ApiTags('audit')
@Controller('api/events')
export class AuditController {
  constructor(private readonly events: EventStore) {}

  /** The log by position. A page once read never changes. */
  @Get()
  @RepeatableQuery(['type'])
  @ApiPageOf(EventDto)
  async list(@Query() query: EventsQueryDto): Promise<Page<EventDto>> {
    const { cursor, limit, order, type, ...filter } = query;
    const of = `events:${order}`;
    const from = cursor === undefined ? null : decodeCursor(cursor, of, CURSOR)[0];
    const { after = 0, before = Number.MAX_SAFE_INTEGER } = filter;
    const rows = await this.events.readAll({
      ...filter,
      order,
      types: type,
      limit: limit + 1,
      after: order === 'asc' ? Math.max(after, from ?? 0) : filter.after,
      before: order === 'desc' ? Math.min(before, from ?? before) : filter.before,
    });
    const { data, page: next } = page(rows, limit, ({ position }) => encodeCursor([position], of));
    return { data: data.map(asEvent), page: next };
  }

  /** One event. */
  @Get(':position')
  async one(@Param('position', PositionParamPipe) position: number): Promise<EventDto> {
    const [event] = await this.events.readAll({ after: position - 1, before: position + 1, limit: 1 });
    if (event === undefined) {
      throw new Refusal('not-found', 'event-not-found', 'The log has no event at this position.');
    }
    return asEvent(event);
  }
}

const asEvent = (event: Recorded): EventDto => ({
  position: event.position,
  stream: event.stream,
  version: event.version,
  type: event.type,
  data: event.data,
  personal: event.personal,
  erased: event.erased,
  meta: event.meta,
  recordedAt: event.recordedAt,
  hash: event.hash,
});

import type { ServerResponse } from 'node:http';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Refusal } from '../../shared/errors.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import { sendEvents } from '../../shared/http/event-stream.ts';
import { decodeCursor, encodeCursor, page } from '../../shared/http/keyset-page.ts';
import type { Page } from '../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../shared/http/page-of.ts';
import { PositionParamPipe } from '../../shared/http/position-param.pipe.ts';
import { RepeatableQuery } from '../../shared/http/request-rules.interceptor.ts';
import { EventDto, EventsQueryDto, LiveEventsQueryDto } from './audit.dto.ts';
import { LiveEvents } from './live-events.ts';

const CURSOR = z.tuple([z.int().min(0)]);

/** Questions over the log; it has no table of its own. */
@ApiTags('audit')
@Controller('api/events')
export class AuditController {
  constructor(
    private readonly events: EventStore,
    private readonly liveEvents: LiveEvents,
  ) {}

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

  /**
   * The log as it grows, by Server-Sent Events: gapless, each event once and in order, `id` is its position. Goes on behind
   * `Last-Event-ID`, which browsers send by themselves when they connect again, or behind `after`; else with what is to come.
   */
  @Get('live')
  @RepeatableQuery(['type'])
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'The position of the last event that was seen.',
  })
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'The `data` of each event is the event.' })
  async live(
    @Query() { after, type, ...filter }: LiveEventsQueryDto,
    @Res() response: ServerResponse,
    @Headers('last-event-id') lastEventId?: string,
  ): Promise<void> {
    const { liveEvents } = this;
    // Known before the answer begins: what is recorded once somebody listens is to come.
    const from = (lastEventId === undefined ? after : positionIn(lastEventId)) ?? (await this.events.head());
    await sendEvents(response, async function* (gone) {
      for await (const event of liveEvents.follow(from, { ...filter, types: type }, gone))
        yield { id: event.position, data: asEvent(event) };
    });
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

const positionIn = (lastEventId: string): number => {
  if (/^\d{1,15}$/.test(lastEventId)) return Number(lastEventId);
  throw new Refusal('invalid', 'invalid-request', 'The header Last-Event-ID is not a position of the log.', {
    errors: [{ pointer: 'Last-Event-ID', detail: 'must be the id of the last event that was received' }],
  });
};

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

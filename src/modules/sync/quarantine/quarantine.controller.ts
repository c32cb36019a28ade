import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Caller } from '../../../shared/caller.ts';
import { Refusal } from '../../../shared/errors.ts';
import { CurrentCaller } from '../../../shared/http/current-caller.ts';
import { instant } from '../../../shared/http/instant.ts';
import { decodeCursor, encodeCursor, page } from '../../../shared/http/keyset-page.ts';
import type { Page } from '../../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../../shared/http/page-of.ts';
import { Problems } from '../../../shared/http/problems.ts';
import { UuidParamPipe } from '../../../shared/http/uuid-param.pipe.ts';
import { DismissQuarantined } from './dismiss-quarantined.ts';
import { FindQuarantined } from './find-quarantined.ts';
import {
  DismissedManyDto,
  FixDto,
  QuarantineQueryDto,
  QuarantinedRecordDto,
  ReplayDto,
  ReplayedDto,
  ReplayedManyDto,
  SweepDto,
} from './quarantine.dto.ts';
import { Quarantine } from './quarantine.read-model.ts';
import { ReplayBooking } from './replay-booking.ts';
import { ReplayClient } from './replay-client.ts';
import { SweepQuarantine } from './sweep-quarantine.ts';
import type { Fix } from './waiting-client.decider.ts';

const CURSOR = z.tuple([instant, z.uuid()]);

@ApiTags('quarantine')
@Controller('api/quarantine')
export class QuarantineController {
  constructor(
    private readonly commands: CommandBus,
    private readonly quarantine: Quarantine,
    private readonly find: FindQuarantined,
  ) {}

  /** The records that could not be taken, newest first. */
  @Get()
  @ApiPageOf(QuarantinedRecordDto)
  async list(@Query() query: QuarantineQueryDto): Promise<Page<QuarantinedRecordDto>> {
    const { limit, cursor, ...filter } = query;
    const of = `quarantine:${filter.status}`;
    const after = cursor === undefined ? null : decodeCursor(cursor, of, CURSOR);
    const rows = await this.quarantine.page({ ...filter, after, limit: limit + 1 });
    return page(rows, limit, ({ firstSeenAt, id }) => encodeCursor([firstSeenAt, id], of));
  }

  /** One record, waiting or dismissed. */
  @Get(':id')
  one(@Param('id', UuidParamPipe) id: string): Promise<QuarantinedRecordDto> {
    return this.find.one(id);
  }

  /**
   * Takes a record once more, as the CRM said it last; a client with the fix laid over it. 422 says why it still cannot be
   * taken; the fix is not kept then.
   */
  @Post(':id/replay')
  @HttpCode(200)
  @Problems('unprocessable', 'conflict', 'bad-gateway')
  async replay(
    @Param('id', UuidParamPipe) id: string,
    @Body() { fix }: ReplayDto,
    @CurrentCaller() by: Caller,
  ): Promise<ReplayedDto> {
    const said = saidIn(fix);
    const { kind } = await this.find.one(id);
    if (kind === 'client') {
      return { released: true, leadId: await this.commands.execute(new ReplayClient(id, said, by)) };
    }
    if (Object.keys(said).length > 0) throw nothingToFix();
    return { released: true, ...(await this.commands.execute(new ReplayBooking(id, by))) };
  }

  /** "Never mind": the record waits no longer, unless the CRM changes it. */
  @Post(':id/dismiss')
  @HttpCode(200)
  async dismiss(
    @Param('id', UuidParamPipe) id: string,
    @CurrentCaller() by: Caller,
  ): Promise<QuarantinedRecordDto> {
    await this.commands.execute(new DismissQuarantined([await this.find.one(id)], by));
    return this.find.one(id);
  }

  /** Replays every waiting client that matches, at most 10,000 at a time. Bookings are left to the next sync. */
  @Post('replay')
  @HttpCode(200)
  async replayMany(@Body() body: SweepDto, @CurrentCaller() by: Caller): Promise<ReplayedManyDto> {
    const { done, left, remaining } = await this.sweep('replay', body, by);
    return { released: done, stillWaiting: left, remaining };
  }

  /** Dismisses every waiting record that matches, at most 10,000 at a time. */
  @Post('dismiss')
  @HttpCode(200)
  async dismissMany(@Body() body: SweepDto, @CurrentCaller() by: Caller): Promise<DismissedManyDto> {
    const { done, remaining } = await this.sweep('dismiss', body, by);
    return { dismissed: done, remaining };
  }

  private async sweep(action: 'replay' | 'dismiss', { connectionId, code, kind }: SweepDto, by: Caller) {
    if (!connectionId && !code && !kind) throw unsaid();
    const filter = {
      connectionId: connectionId ?? undefined,
      code: code ?? undefined,
      kind: kind ?? undefined,
    };
    return this.commands.execute(new SweepQuarantine(action, filter, by));
  }
}

/** A body that got lost on its way must not empty the quarantine. */
const unsaid = (): Refusal => {
  const detail = 'Say which records: connectionId, code or kind, at least one of them.';
  return new Refusal('invalid', 'invalid-request', detail, { errors: [{ pointer: '', detail }] });
};

const nothingToFix = (): Refusal => {
  const detail =
    'There is nothing to fix in a booking. Replay it without a fix, or mend it in the CRM and sync.';
  return new Refusal('invalid', 'invalid-request', detail, { errors: [{ pointer: '/fix', detail }] });
};

/** A field that is null or left out says nothing. */
const saidIn = (fix: FixDto | null | undefined): Fix => {
  const { name, email, phone } = fix ?? {};
  return { ...(name && { name }), ...(email && { email }), ...(phone && { phone }) };
};

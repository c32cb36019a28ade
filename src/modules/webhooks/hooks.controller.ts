import { Controller, HttpCode, Param, Post, Req, UseGuards } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { EdgeRequest } from '../../shared/http/edge-request.ts';
import { Problems } from '../../shared/http/problems.ts';
import { Public } from '../../shared/http/public.ts';
import { AnyBody } from '../../shared/http/request-rules.interceptor.ts';
import { UuidParamPipe } from '../../shared/http/uuid-param.pipe.ts';
import { membersOf } from './hook-body.ts';
import { HookGuard } from './hook.guard.ts';
import { ReceiveHook } from './receive-hook.ts';

@ApiTags('webhooks')
@Public()
@UseGuards(HookGuard)
@Controller('hooks/simplybook')
export class HooksController {
  constructor(private readonly commands: CommandBus) {}

  /**
   * Where SimplyBook.me tells of a change, in JSON or as a form; the token is the key. The record is read again before anything
   * is believed. A delivery may come late, twice and in any order.
   */
  @Post(':connectionId/:token')
  @HttpCode(202)
  @AnyBody(true)
  @ApiParam({ name: 'connectionId', schema: { type: 'string', format: 'uuid' } })
  @ApiParam({ name: 'token', schema: { type: 'string' } })
  @Problems('too-many-requests')
  async receive(
    @Param('connectionId', UuidParamPipe) connectionId: string,
    @Req() { rawBody, correlationId }: EdgeRequest,
  ): Promise<void> {
    const members = membersOf(rawBody ?? Buffer.alloc(0));
    await this.commands.execute(new ReceiveHook(connectionId, members, correlationId));
  }
}

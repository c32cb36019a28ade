import { Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../shared/caller.ts';
import { CONFIG } from '../../shared/config.ts';
import type { Config } from '../../shared/config.ts';
import { CurrentCaller } from '../../shared/http/current-caller.ts';
import { addressOf } from '../../shared/http/listen.ts';
import { UuidParamPipe } from '../../shared/http/uuid-param.pipe.ts';
import { GetConnection } from '../crm-connection/contract.ts';
import { RemoveWebhooks } from './contract.ts';
import { Looks } from './looks.store.ts';
import { RegisterWebhooks } from './register-webhooks.ts';
import { WebhookAddressDto, WebhooksDto } from './webhooks.dto.ts';
import { WebhookList } from './webhooks.read-model.ts';

const OFF = { registered: false, events: [], registeredAt: null, changes: null };

@ApiTags('webhooks')
@Controller('api/connections')
export class WebhooksController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly webhooks: WebhookList,
    private readonly looks: Looks,
    private readonly host: HttpAdapterHost,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * Makes an address for webhooks and has SimplyBook.me use it, where it has a register for that. Called again it makes a new
   * address; the one before works for two days more, because deliveries may be repeated that late.
   */
  @Post(':id/webhooks')
  register(@Param('id', UuidParamPipe) id: string, @CurrentCaller() by: Caller): Promise<WebhookAddressDto> {
    const { publicUrl, host } = this.config;
    const here = publicUrl ?? addressOf(this.host.httpAdapter.getHttpServer(), host);
    return this.commands.execute(new RegisterWebhooks(id, here, by));
  }

  /** What SimplyBook.me tells of, and how much of what changes it has told. */
  @Get(':id/webhooks')
  async one(@Param('id', UuidParamPipe) id: string): Promise<WebhooksDto> {
    await this.queries.execute(new GetConnection(id));
    const found = await this.webhooks.one(id);
    return { on: found !== undefined, ...(found ?? OFF), ...(await this.looks.state(id)) };
  }

  /** Ends the webhooks at once: their addresses are unknown from now on, and taken off SimplyBook.me's register. */
  @Delete(':id/webhooks')
  @HttpCode(204)
  remove(@Param('id', UuidParamPipe) id: string, @CurrentCaller() by: Caller): Promise<void> {
    return this.commands.execute(new RemoveWebhooks(id, by));
  }
}

import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
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
import { lettersOf } from './authenticator-secret.ts';
import { ConnectCrm } from './connect-crm.ts';
import { CheckReportDto, ConnectDto, ConnectionDto, CredentialsDto } from './connection.dto.ts';
import { Connections } from './connections.read-model.ts';
import { GetConnection } from './contract.ts';
import { CrmSessions } from './crm-sessions.ts';
import { DisconnectCrm } from './disconnect-crm.ts';
import { ReplaceCredentials } from './replace-credentials.ts';

const CURSOR = z.tuple([instant, z.uuid()]);
const CHECK_WITHIN = 90_000; // ms

@ApiTags('connections')
@Controller('api/connections')
export class CrmConnectionController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly connections: Connections,
    private readonly sessions: CrmSessions,
  ) {}

  /** Connects a company. The credentials are tried first; wrong ones are refused and nothing is stored. */
  @Post()
  @Problems('bad-gateway')
  connect(@Body() body: ConnectDto, @CurrentCaller() by: Caller): Promise<ConnectionDto> {
    const { company, login, secret } = body;
    const optional = {
      totpSecret: body.totpSecret ? lettersOf(body.totpSecret) : null,
      name: body.name ?? null,
      domain: body.domain ?? null,
      timezone: body.timezone ?? null,
      country: body.country?.toUpperCase() ?? null,
      clientFields: body.clientFields ?? false,
      clientsWithoutEmail: body.clientsWithoutEmail ?? ('quarantine' as const),
    };
    return this.commands.execute(new ConnectCrm({ company, login, secret, ...optional }, by));
  }

  /** Every connection there is or was, newest first. */
  @Get()
  @ApiPageOf(ConnectionDto)
  async list(@Query() { limit, cursor }: KeysetPageDto): Promise<Page<ConnectionDto>> {
    const after = cursor === undefined ? null : decodeCursor(cursor, 'connections', CURSOR);
    const rows = await this.connections.page(after, limit + 1);
    return page(rows, limit, ({ createdAt, id }) => encodeCursor([createdAt, id], 'connections'));
  }

  /** One connection. */
  @Get(':id')
  one(@Param('id', UuidParamPipe) id: string): Promise<ConnectionDto> {
    return this.queries.execute(new GetConnection(id));
  }

  /** Replaces login, secret and authenticator secret. The new ones are tried first; wrong ones change nothing. */
  @Put(':id/credentials')
  @Problems('conflict', 'unprocessable', 'bad-gateway')
  replaceCredentials(
    @Param('id', UuidParamPipe) id: string,
    @Body() { login, secret, totpSecret }: CredentialsDto,
    @CurrentCaller() by: Caller,
  ): Promise<ConnectionDto> {
    const authenticator = totpSecret ? lettersOf(totpSecret) : totpSecret;
    return this.commands.execute(new ReplaceCredentials(id, login ?? null, secret, authenticator, by));
  }

  /** Tries each way into the company and reports what was tried, what it answered and what to do. */
  @Post(':id/test')
  @HttpCode(200)
  async test(@Param('id', UuidParamPipe) id: string): Promise<CheckReportDto> {
    const { way, checks } = await this.sessions.check(id, AbortSignal.timeout(CHECK_WITHIN));
    return { ok: way !== null, way, checks };
  }

  /** Disconnects: the credentials are forgotten, leads and log stay. */
  @Delete(':id')
  @HttpCode(204)
  disconnect(@Param('id', UuidParamPipe) id: string, @CurrentCaller() by: Caller): Promise<void> {
    return this.commands.execute(new DisconnectCrm(id, by));
  }
}

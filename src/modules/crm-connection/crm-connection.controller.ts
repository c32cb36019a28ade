import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
} from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiHeader, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import type { Caller } from '../../shared/caller.ts';
import { CurrentCaller } from '../../shared/http/current-caller.ts';
import { expectedVersions } from '../../shared/http/if-match.ts';
import { instant } from '../../shared/http/instant.ts';
import { KeysetPageDto } from '../../shared/http/keyset-page.dto.ts';
import { decodeCursor, encodeCursor, page } from '../../shared/http/keyset-page.ts';
import type { Page } from '../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../shared/http/page-of.ts';
import { Problems } from '../../shared/http/problems.ts';
import { UuidParamPipe } from '../../shared/http/uuid-param.pipe.ts';
import { lettersOf } from './authenticator-secret.ts';
import { ChangeConnection } from './change-connection.ts';
import { ConnectCrm } from './connect-crm.ts';
import { ConnectionChangesDto } from './connection-settings.dto.ts';
import { CheckReportDto, ConnectDto, ConnectionDto, CredentialsDto } from './connection.dto.ts';
import { Connections } from './connections.read-model.ts';
import { GetConnection } from './contract.ts';
import type { Connection } from './contract.ts';
import { CrmSessions } from './crm-sessions.ts';
import { DisconnectCrm } from './disconnect-crm.ts';
import { ReplaceCredentials } from './replace-credentials.ts';
import { UpcomingSyncs } from './schedule/upcoming-syncs.ts';

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
    private readonly upcoming: UpcomingSyncs,
  ) {}

  /** Connects a company. The credentials are tried first; wrong ones are refused and nothing is stored. */
  @Post()
  @Problems('bad-gateway')
  async connect(@Body() body: ConnectDto, @CurrentCaller() by: Caller): Promise<ConnectionDto> {
    const { company, login, secret } = body;
    const optional = {
      totpSecret: body.totpSecret ? lettersOf(body.totpSecret) : null,
      name: body.name ?? null,
      domain: body.domain ?? null,
      timezone: body.timezone ?? null,
      country: body.country?.toUpperCase() ?? null,
      clientFields: body.clientFields ?? false,
      clientsWithoutEmail: body.clientsWithoutEmail ?? ('quarantine' as const),
      schedule: body.schedule ?? null,
    };
    return this.shown(
      await this.commands.execute(new ConnectCrm({ company, login, secret, ...optional }, by)),
    );
  }

  /** Every connection there is or was, newest first. */
  @Get()
  @ApiPageOf(ConnectionDto)
  async list(@Query() { limit, cursor }: KeysetPageDto): Promise<Page<ConnectionDto>> {
    const after = cursor === undefined ? null : decodeCursor(cursor, 'connections', CURSOR);
    const rows = await this.connections.page(after, limit + 1);
    const shown = await this.upcoming.beside(rows);
    return page(shown, limit, ({ createdAt, id }) => encodeCursor([createdAt, id], 'connections'));
  }

  /** One connection. */
  @Get(':id')
  async one(@Param('id', UuidParamPipe) id: string): Promise<ConnectionDto> {
    return this.shown(await this.queries.execute(new GetConnection(id)));
  }

  /** Changes name, schedule and options. What is left out stays; a change that changes nothing is none. */
  @Patch(':id')
  @ApiHeader({
    name: 'If-Match',
    description: 'The `version` that the change is meant for, in quotes: `"3"`.',
  })
  @Problems('conflict', 'precondition-failed')
  async change(
    @Param('id', UuidParamPipe) id: string,
    @Body() { schedule, ...given }: ConnectionChangesDto,
    @CurrentCaller() by: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<ConnectionDto> {
    const settings = { ...given, ...(given.country && { country: given.country.toUpperCase() }) };
    const changes = { settings, ...(schedule !== undefined && { schedule }) };
    const command = new ChangeConnection(id, changes, expectedVersions(ifMatch), by);
    return this.shown(await this.commands.execute(command));
  }

  /** Replaces login, secret and authenticator secret. The new ones are tried first; wrong ones change nothing. */
  @Put(':id/credentials')
  @Problems('conflict', 'unprocessable', 'bad-gateway')
  async replaceCredentials(
    @Param('id', UuidParamPipe) id: string,
    @Body() { login, secret, totpSecret }: CredentialsDto,
    @CurrentCaller() by: Caller,
  ): Promise<ConnectionDto> {
    const authenticator = totpSecret ? lettersOf(totpSecret) : totpSecret;
    const command = new ReplaceCredentials(id, login ?? null, secret, authenticator, by);
    return this.shown(await this.commands.execute(command));
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

  private async shown(connection: Connection): Promise<ConnectionDto> {
    return (await this.upcoming.beside([connection]))[0]!;
  }
}

import { connect } from 'node:net';
import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Injectable,
  Module,
  Param,
  Post,
  Query,
} from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { sql } from 'kysely';
import { AccessModule } from '../../src/modules/access/access.module.ts';
import type { Caller } from '../../src/shared/caller.ts';
import { Database } from '../../src/shared/database/database.ts';
import { DatabaseModule } from '../../src/shared/database/database.module.ts';
import { Refusal } from '../../src/shared/errors.ts';
import { createApp } from '../../src/shared/http/create-app.ts';
import { CurrentCaller } from '../../src/shared/http/current-caller.ts';
import { EdgeModule } from '../../src/shared/http/edge.module.ts';
import { KeysetPageDto } from '../../src/shared/http/keyset-page.dto.ts';
import { page } from '../../src/shared/http/keyset-page.ts';
import type { Page } from '../../src/shared/http/keyset-page.ts';
import { listen } from '../../src/shared/http/listen.ts';
import { createLogger } from '../../src/shared/http/logger.ts';
import { PositionParamPipe } from '../../src/shared/http/position-param.pipe.ts';
import { Problems } from '../../src/shared/http/problems.ts';
import { BodyLimit, RepeatableQuery } from '../../src/shared/http/request-rules.interceptor.ts';
import { UuidParamPipe } from '../../src/shared/http/uuid-param.pipe.ts';

export const KEY = 'crs_for-this-test-and-no-other-one';
export const CANARY = 'canary@example.test';

class InnerDto {
  @IsString()
  @Length(1, 50)
  email!: string;
}

class ThingDto {
  @IsString()
  @Length(1, 50)
  name!: string;

  @IsOptional()
  @IsInt()
  count?: number;

  @IsOptional()
  @ValidateNested()
  @Type(() => InnerDto)
  inner?: InnerDto;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => InnerDto)
  list?: InnerDto[];
}

class ThingsQueryDto extends KeysetPageDto {
  @IsOptional()
  @IsString()
  @Length(1, 20)
  search?: string;

  @IsOptional()
  @IsString({ each: true })
  type?: string[];
}

/** What a test can hold up and look at: how often something was done, and when it may end. */
@Injectable()
export class Workshop {
  made = 0;
  gate: Promise<void> = Promise.resolve();
  entered: () => void = () => undefined;
}

@Controller('api/things')
class ThingsController {
  constructor(
    private readonly workshop: Workshop,
    private readonly database: Database,
  ) {}

  @Post()
  async make(@Body() thing: ThingDto): Promise<{ made: number; name: string }> {
    this.workshop.made += 1;
    const { made } = this.workshop;
    this.workshop.entered();
    await this.workshop.gate;
    if (thing.name === 'taken')
      throw new Refusal('conflict', 'thing-taken', `There is a thing of that name (${made}).`);
    if (thing.name === 'later')
      throw new Refusal('unprocessable', 'thing-locked', 'Later.', { retryAfter: 9 });
    if (thing.name === 'broken') throw new Error(CANARY);
    return Object.assign(thing, { made });
  }

  @Post('big')
  @BodyLimit(300_000)
  big(@Body() thing: ThingDto): ThingDto {
    return thing;
  }

  @Post(':id/run')
  @HttpCode(200)
  run(
    @Param('id', UuidParamPipe) id: string,
    @CurrentCaller() caller: Caller,
  ): { id: string; caller: Caller } {
    return { id, caller };
  }

  @Get()
  @RepeatableQuery(['type'])
  list(@Query() query: ThingsQueryDto): Page<ThingsQueryDto> {
    return page([query], query.limit, () => '');
  }

  @Get('at/:position')
  at(@Param('position', PositionParamPipe) position: number): { position: number } {
    return { position };
  }

  @Get('fail/:how')
  async fail(@Param('how') how: string): Promise<void> {
    if (how === 'sql') await this.database.rows(sql`select * from nowhere where email = ${CANARY}`);
    if (how === 'thrown') throw CANARY;
    throw new Error(CANARY);
  }

  @Get(':id')
  @Problems('not-found')
  one(@Param('id', UuidParamPipe) id: string): { id: string } {
    return { id };
  }

  @Delete(':id')
  @HttpCode(204)
  remove(@Param('id', UuidParamPipe) _id: string): void {}
}

@Module({ controllers: [ThingsController], providers: [Workshop] })
class ThingsModule {}

@Module({})
class EdgeTestModule {
  static forRoot(databaseUrl: string, write: (line: string) => void): DynamicModule {
    const logger = createLogger('debug', { write });
    return {
      module: EdgeTestModule,
      imports: [
        DatabaseModule.forRoot(databaseUrl),
        EdgeModule.forRoot({ logger, publicUrl: 'https://crm.example.test' }),
        AccessModule.forRoot(KEY),
        ThingsModule,
      ],
    };
  }
}

export type EdgeApp = {
  app: NestExpressApplication;
  url: string;
  port: number;
  workshop: Workshop;
  /** The log so far. */
  lines: string[];
  /** The next line of the log that is looked for. */
  nextLine: (wanted: (line: string) => boolean) => Promise<string>;
};

/** A small program behind the real edge and on a real database, listening. */
export const startEdgeApp = async (databaseUrl: string): Promise<EdgeApp> => {
  const lines: string[] = [];
  const watchers = new Set<(line: string) => void>();
  const write = (line: string): void => {
    lines.push(line);
    for (const watch of watchers) watch(line);
  };
  const nextLine = (wanted: (line: string) => boolean): Promise<string> =>
    new Promise((resolve) => {
      const watch = (line: string): void => {
        if (!wanted(line)) return;
        watchers.delete(watch);
        resolve(line);
      };
      watchers.add(watch);
    });
  const app = await createApp(EdgeTestModule.forRoot(databaseUrl, write));
  const server = app.getHttpServer();
  const url = await listen(server, { host: '127.0.0.1', port: 0 });
  const workshop = app.get(Workshop, { strict: false });
  return { app, url, port: Number(new URL(url).port), workshop, lines, nextLine };
};

export type RawAnswer = { status: number; headers: Map<string, string>; body: string };

/** Sends bytes (one per character) as they are and reads one answer; for requests no HTTP client would send. */
export const sendRaw = (port: number, request: string): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const done = (): void => {
      const answer = parseAnswer(text);
      if (answer === null) return;
      socket.destroy();
      resolve(answer);
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
      done();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const answer = parseAnswer(text);
      if (answer === null) reject(new Error(`no whole answer: ${text.slice(0, 200)}`));
      else resolve(answer);
    });
    socket.write(request, 'latin1');
  });

/** Null: not all of it is there yet. */
const parseAnswer = (text: string): RawAnswer | null => {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  );
  const body = text.slice(end + 4);
  if (body.length < Number(headers.get('content-length') ?? 0)) return null;
  return { status: Number(first.split(' ')[1]), headers, body };
};

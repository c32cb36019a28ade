import { Controller, Get, Headers, HttpCode, HttpStatus, Param, Post, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiHeader, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Caller } from '../../../shared/caller.ts';
import { CurrentCaller } from '../../../shared/http/current-caller.ts';
import { sendEvents } from '../../../shared/http/event-stream.ts';
import { decodeCursor, encodeCursor, page } from '../../../shared/http/keyset-page.ts';
import type { Page } from '../../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../../shared/http/page-of.ts';
import { Problems } from '../../../shared/http/problems.ts';
import { UuidParamPipe } from '../../../shared/http/uuid-param.pipe.ts';
import { CancelRun, GetRun, SyncCrm } from '../contract.ts';
import { ApproveDeletions } from '../deletions/approve-deletions.ts';
import { Quarantine } from '../quarantine/quarantine.read-model.ts';
import { waitOf } from './prefer.ts';
import { refuseUnfinished, syncAnswer } from './sync-answer.ts';
import { SyncRuns } from './sync-runs.read-model.ts';
import { RunDto, RunsQueryDto, SyncAnswerDto } from './sync.dto.ts';
import { WaitForRun } from './wait-for-run.ts';

const CURSOR = z.tuple([z.uuid()]);
const ERRORS_SHOWN = 10;
/** The User-Agent that src/cli/api.ts sends. */
const OUR_COMMAND_LINE = 'crm-sync-cli';

@ApiTags('sync')
@Controller('api')
export class SyncController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly waitForRun: WaitForRun,
    private readonly runs: SyncRuns,
    private readonly quarantine: Quarantine,
  ) {}

  /** Starts a sync, or joins the one that is going on, and waits for its end. */
  @Post('connections/:id/sync')
  @HttpCode(200)
  @ApiHeader({
    name: 'Prefer',
    description: '`respond-async`, or `wait=<seconds>` (default 120, at most 600).',
  })
  @ApiOkResponse({ type: SyncAnswerDto })
  @Problems('bad-gateway')
  @ApiAcceptedResponse({ type: RunDto, description: 'Still running; `Location` says where to look.' })
  async sync(
    @Param('id', UuidParamPipe) connectionId: string,
    @CurrentCaller() by: Caller,
    @Res({ passthrough: true }) response: ServerResponse,
    @Headers('prefer') prefer?: string,
    @Headers('user-agent') agent?: string,
  ): Promise<SyncAnswerDto | RunDto> {
    const trigger = agent === OUR_COMMAND_LINE ? 'cli' : 'api';
    const { runId } = await this.commands.execute(new SyncCrm(connectionId, trigger, by));
    const run = await this.waitForRun.until(runId, waitOf(prefer) * 1000);
    if (run.status === 'running' || waitOf(prefer) === 0) {
      response.statusCode = HttpStatus.ACCEPTED;
      response.setHeader('Location', `/api/runs/${runId}`);
      return run;
    }
    if (run.status === 'failed' || run.status === 'interrupted' || run.status === 'cancelled') {
      return refuseUnfinished(run);
    }
    const seenSince = await this.runs.positionOf(runId);
    const question = { connectionId, seenSince, after: null, limit: ERRORS_SHOWN };
    return syncAnswer(run, await this.quarantine.page(question));
  }

  /** The runs, newest first. */
  @Get('runs')
  @ApiPageOf(RunDto)
  async list(@Query() { connectionId, status, limit, cursor }: RunsQueryDto): Promise<Page<RunDto>> {
    const [after] = cursor === undefined ? [null] : decodeCursor(cursor, 'runs', CURSOR);
    const rows = await this.runs.page({ connectionId, status, after, limit: limit + 1 });
    return page(rows, limit, ({ id }) => encodeCursor([id], 'runs'));
  }

  /** One run, with its progress while it goes on. */
  @Get('runs/:id')
  one(@Param('id', UuidParamPipe) id: string): Promise<RunDto> {
    return this.queries.execute(new GetRun(id));
  }

  /** Ends a run at its next page. What was written stays; whoever waits for it is told that it was cancelled. */
  @Post('runs/:id/cancel')
  @HttpCode(202)
  @ApiAcceptedResponse({ type: RunDto, description: 'It will stop; `status` says when it has.' })
  @Problems('conflict')
  cancel(@Param('id', UuidParamPipe) id: string, @CurrentCaller() by: Caller): Promise<RunDto> {
    return this.commands.execute(new CancelRun(id, by));
  }

  /**
   * Says that the deletions which this run has held are right, and has the company synced at once: who is not listed then
   * either, and of whom the CRM says that it is deleted, is gone. Waits for that run, which `Location` names, and answers
   * with this one; the following runs go on with whoever is left.
   */
  @Post('runs/:id/approve-deletions')
  @HttpCode(200)
  @ApiHeader({
    name: 'Prefer',
    description: '`respond-async`, or `wait=<seconds>` (default 120, at most 600).',
  })
  @ApiOkResponse({ type: RunDto })
  @ApiAcceptedResponse({
    type: RunDto,
    description: 'Approved; the run that `Location` names is still going on.',
  })
  @Problems('conflict')
  async approveDeletions(
    @Param('id', UuidParamPipe) id: string,
    @CurrentCaller() by: Caller,
    @Res({ passthrough: true }) response: ServerResponse,
    @Headers('prefer') prefer?: string,
  ): Promise<RunDto> {
    const runId = await this.commands.execute(new ApproveDeletions(id, by));
    if (runId !== null) {
      response.setHeader('Location', `/api/runs/${runId}`);
      const { status } = await this.waitForRun.until(runId, waitOf(prefer) * 1000);
      if (status === 'running' || waitOf(prefer) === 0) response.statusCode = HttpStatus.ACCEPTED;
    }
    return this.queries.execute(new GetRun(id));
  }

  /** A run as it goes on, by Server-Sent Events: `progress` whenever something has changed, `end` when it has ended. */
  @Get('runs/:id/live')
  @ApiProduces('text/event-stream')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'The `data` of each event is the run.' })
  async live(@Param('id', UuidParamPipe) id: string, @Res() response: ServerResponse): Promise<void> {
    await this.queries.execute(new GetRun(id));
    const { waitForRun } = this;
    await sendEvents(response, async function* (gone) {
      for await (const run of waitForRun.changes(id, gone)) {
        yield { event: run.status === 'running' ? 'progress' : 'end', data: run };
      }
    });
  }
}

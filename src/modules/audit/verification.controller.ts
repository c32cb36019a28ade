import type { ServerResponse } from 'node:http';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { KeysetPageDto } from '../../shared/http/keyset-page.dto.ts';
import { decodeCursor, encodeCursor, page } from '../../shared/http/keyset-page.ts';
import type { Page } from '../../shared/http/keyset-page.ts';
import { ApiPageOf } from '../../shared/http/page-of.ts';
import { Checkpoints } from './checkpoints.ts';
import { CheckpointDto, VerdictDto } from './verification.dto.ts';
import { Verifications } from './verifications.ts';

const CURSOR = z.tuple([z.int().min(0)]);

/** Whether the log is what was recorded, and what an outsider needs to find out for himself. */
@ApiTags('audit')
@Controller('api/audit')
export class VerificationController {
  constructor(
    private readonly verifications: Verifications,
    private readonly checkpoints: Checkpoints,
  ) {}

  /**
   * Reads the whole log: recomputes every hash, and compares with every checkpoint of this instance. Takes a second or two for
   * 100,000 events. One at a time; what is recorded meanwhile is left for the next.
   */
  @Get('verify')
  async verify(@Res({ passthrough: true }) response: ServerResponse): Promise<VerdictDto> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return this.verifications.verify(gone.signal);
  }

  /** The signed heads that this instance keeps outside of the database, the newest first. */
  @Get('checkpoints')
  @ApiPageOf(CheckpointDto)
  async list(@Query() { cursor, limit }: KeysetPageDto): Promise<Page<CheckpointDto>> {
    const [before] = cursor === undefined ? [Infinity] : decodeCursor(cursor, 'checkpoints', CURSOR);
    const newest = await this.checkpoints.newestBefore(before, limit + 1);
    const { data, page: next } = page(newest, limit, ({ number }) => encodeCursor([number], 'checkpoints'));
    return { data: data.map(({ checkpoint }) => checkpoint), page: next };
  }
}

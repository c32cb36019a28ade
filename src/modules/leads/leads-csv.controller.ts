import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { connectionIn } from './lead-filter.ts';
import { csvOf } from './lead-csv.ts';
import { LeadList } from './lead-list.read-model.ts';
import type { LeadCursor, LeadQuestion } from './lead-list.read-model.ts';
import { LeadsFilterDto } from './leads.dto.ts';

const AT_A_TIME = 1_000; // leads

@ApiTags('leads')
@Controller('api/leads.csv')
export class LeadsCsvController {
  constructor(private readonly leads: LeadList) {}

  /**
   * All leads that the list would show, as a file for spreadsheets: UTF-8, RFC 4180. A cell that a spreadsheet would take for a
   * formula has an apostrophe before it.
   */
  @Get()
  @ApiProduces('text/csv')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'The file, sent as it is read.' })
  async file(@Query() query: LeadsFilterDto, @Res() response: ServerResponse): Promise<void> {
    const { search, source, status, sort } = query;
    const filter = { search, connectionId: connectionIn(source), status, sort };
    const first = await this.part(filter, null);
    const today = new Date().toISOString().slice(0, 10);
    response.writeHead(200, {
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': `attachment; filename="leads-${today}.csv"`,
      'cache-control': 'no-store',
    });
    // When whoever reads has gone, nothing is left to be said.
    await pipeline(Readable.from(this.parts(filter, first)), response).catch(() => undefined);
  }

  private async *parts(filter: Filter, first: Part): AsyncGenerator<string> {
    yield csvOf(first, true);
    for (let last = first.at(-1); last !== undefined;) {
      const next = await this.part(filter, last.cursor);
      if (next.length > 0) yield csvOf(next, false);
      last = next.at(-1);
    }
  }

  private part(filter: Filter, after: LeadCursor | null): Promise<Part> {
    return this.leads.page({ ...filter, after, limit: AT_A_TIME });
  }
}

type Filter = Omit<LeadQuestion, 'after' | 'limit'>;
type Part = Awaited<ReturnType<LeadList['page']>>;

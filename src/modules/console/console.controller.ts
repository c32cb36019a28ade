import { Controller, Get, Param, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Refusal } from '../../shared/errors.ts';
import type { EdgeRequest, EdgeResponse } from '../../shared/http/edge-request.ts';
import { Public } from '../../shared/http/public.ts';
import { consoleFile } from './console-files.ts';
import type { ConsoleFile } from './console-files.ts';
import { consolePage } from './console-page.ts';

/** The console's addresses, each answered with the same page; what is not here is not found. web/src/router.tsx has them, too. */
const PAGES = [
  '/',
  '/sign-in',
  '/leads',
  '/leads/:id',
  '/bookings',
  '/quarantine',
  '/runs',
  '/runs/:id',
  '/audit',
  '/audit/:position',
  '/settings',
  '/settings/connect',
  '/settings/connections/:id',
];

/** Their names change with their content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

@ApiExcludeController()
@Public()
@Controller()
export class ConsoleController {
  @Get(PAGES)
  page(@Res({ passthrough: true }) response: EdgeResponse, @Query() _query: object): StreamableFile {
    const page = consolePage(response);
    if (page === null) throw notBuilt();
    return new StreamableFile(page.html, { type: page.type });
  }

  @Get('assets/:file')
  asset(
    @Param('file') name: string,
    @Req() request: EdgeRequest,
    @Res({ passthrough: true }) response: EdgeResponse,
  ): StreamableFile {
    const file = consoleFile('assets', name);
    if (file === null) throw new Refusal('not-found', 'not-found', 'The console has no such file.');
    response.setHeader('Cache-Control', FOR_EVER);
    response.setHeader('Vary', 'Accept-Encoding');
    return new StreamableFile(bytesFor(request, response, file), { type: file.type });
  }

  @Get('favicon.svg')
  icon(): StreamableFile {
    const file = consoleFile('', 'favicon.svg');
    if (file === null) throw notBuilt();
    return new StreamableFile(file.bytes, { type: file.type });
  }
}

const bytesFor = (request: EdgeRequest, response: EdgeResponse, { bytes, gzipped }: ConsoleFile): Buffer => {
  if (gzipped === null || !/\bgzip\b/.test(String(request.headers['accept-encoding']))) return bytes;
  response.setHeader('Content-Encoding', 'gzip');
  return gzipped;
};

const notBuilt = (): Refusal =>
  new Refusal(
    'not-found',
    'console-not-built',
    'The console has not been built: npm start builds it, and so does npm run build.',
  );

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Refusal } from '../errors.ts';
import { ApiDocument } from './openapi.ts';
import { Public } from './public.ts';

const swaggerUi = createRequire(createRequire(import.meta.url).resolve('@nestjs/swagger'));
const asset = (name: string): (() => Buffer) => {
  let bytes: Buffer | null = null;
  return () => (bytes ??= readFileSync(swaggerUi.resolve(`swagger-ui-dist/${name}`)));
};

const START = `SwaggerUIBundle({
  url: 'openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null, presets: [SwaggerUIBundle.presets.apis],
});
`;

/** Everything comes from our own origin and nothing is inline, as the Content-Security-Policy wants it. */
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>crm-sync API</title>
<meta name="viewport" content="width=device-width">
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<div id="docs"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
`;

const FILES = new Map<string, { type: string; read: () => Buffer }>([
  ['start.js', { type: 'text/javascript; charset=utf-8', read: () => Buffer.from(START) }],
  ['swagger-ui-bundle.js', { type: 'text/javascript; charset=utf-8', read: asset('swagger-ui-bundle.js') }],
  ['swagger-ui.css', { type: 'text/css; charset=utf-8', read: asset('swagger-ui.css') }],
  ['favicon-32x32.png', { type: 'image/png', read: asset('favicon-32x32.png') }],
]);

@ApiTags('service')
@Public()
@Controller()
export class DocsController {
  constructor(private readonly document: ApiDocument) {}

  @Get('openapi.json')
  @ApiOperation({ summary: 'This document' })
  @ApiOkResponse({
    description: 'OpenAPI 3.1',
    content: { 'application/json': { schema: { type: 'object' } } },
  })
  openApi(): StreamableFile {
    return new StreamableFile(Buffer.from(this.document.json()), { type: 'application/json; charset=utf-8' });
  }

  @Get('docs')
  @ApiOperation({ summary: 'This document, to read in a browser' })
  @ApiOkResponse({ description: 'A page', content: { 'text/html': { schema: { type: 'string' } } } })
  // The style sheet holds its pictures as data: addresses.
  @Header(
    'Content-Security-Policy',
    "default-src 'self';object-src 'none';base-uri 'none';frame-ancestors 'none';img-src 'self' data:",
  )
  page(): StreamableFile {
    return new StreamableFile(Buffer.from(PAGE), { type: 'text/html; charset=utf-8' });
  }

  @Get('docs/:file')
  @ApiExcludeEndpoint()
  file(@Param('file') name: string): StreamableFile {
    const file = FILES.get(name);
    if (file === undefined)
      throw new Refusal('not-found', 'not-found', 'The documentation has no such file.');
    return new StreamableFile(file.read(), { type: file.type });
  }
}

import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import { CONTENT_TYPE, exposition } from './exposition.ts';
import { Metrics } from './metrics.ts';

/** For Prometheus. It asks for the key like any other route: `authorization: { credentials_file: … }` in its settings. */
@ApiTags('service')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  /** What is measured, as Prometheus text. Answers also while the database is away; `crm_sync_up` is 0 then. */
  @Get()
  @Header('Content-Type', CONTENT_TYPE)
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'Prometheus text format 0.0.4.' })
  async scrape(): Promise<string> {
    return exposition(await this.metrics.families());
  }
}

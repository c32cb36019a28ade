import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { DatabaseHealth } from '../database/database-health.ts';
import { HealthDto } from './health.dto.ts';
import { Problems } from './problems.ts';
import { Public } from './public.ts';

@ApiTags('service')
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly database: DatabaseHealth) {}

  @Get('live')
  @ApiOperation({ summary: 'Whether the process answers' })
  live(): HealthDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Whether requests can be served' })
  @Problems('unavailable')
  async ready(): Promise<HealthDto> {
    const trouble = await this.database.trouble();
    if (trouble !== null) throw trouble;
    return { status: 'ok' };
  }
}

import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ConsoleController } from './console.controller.ts';
import { NoSuchPageFilter } from './no-such-page.filter.ts';

/** Serves what web/ was built to. It knows nothing else: the console asks over HTTP like everybody. */
@Module({
  controllers: [ConsoleController],
  // Imported behind the edge, so that it is asked before the edge's own filter.
  providers: [{ provide: APP_FILTER, useClass: NoSuchPageFilter }],
})
export class ConsoleModule {}

import { Module } from '@nestjs/common';
import { ConsoleController } from './console.controller.ts';

/** Serves what web/ was built to. It knows nothing else: the console asks over HTTP like everybody. */
@Module({ controllers: [ConsoleController] })
export class ConsoleModule {}

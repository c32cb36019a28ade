import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { SummaryController } from './summary.controller.ts';

/** What a person wants to see first: asked of the modules that know it, without a table of its own. */
@Module({ imports: [CqrsModule], controllers: [SummaryController] })
export class SummaryModule {}

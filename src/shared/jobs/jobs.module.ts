import { Global, Module } from '@nestjs/common';
import { Jobs } from './jobs.ts';

/** What is to be done later, for every module. */
@Global()
@Module({ providers: [Jobs], exports: [Jobs] })
export class JobsModule {}

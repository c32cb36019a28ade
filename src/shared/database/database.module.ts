import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { ormConfig } from '../../mikro-orm.config.ts';
import { ClockCheck } from './clock-check.ts';
import { DatabaseHealth } from './database-health.ts';
import { Database } from './database.ts';

/** PostgreSQL for everybody, by way of `Database`. */
@Global()
@Module({ providers: [Database, DatabaseHealth, ClockCheck], exports: [Database, DatabaseHealth] })
export class DatabaseModule {
  static forRoot(databaseUrl: string): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        MikroOrmModule.forRoot({ ...ormConfig(databaseUrl, 'service'), registerRequestContext: false }),
      ],
    };
  }
}

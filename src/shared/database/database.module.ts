import { Global, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { EntityManager } from '@mikro-orm/postgresql';
import { ormConfig } from '../../mikro-orm.config.ts';
import { ClockCheck } from './clock-check.ts';
import { DatabaseHealth } from './database-health.ts';
import { Database } from './database.ts';
import { OpenTransactions } from './open-transactions.ts';

/** PostgreSQL for everybody, by way of `Database`. `pooled`: see ormConfig. */
@Global()
@Module({ providers: [DatabaseHealth, ClockCheck, OpenTransactions], exports: [Database, DatabaseHealth] })
export class DatabaseModule {
  static forRoot(databaseUrl: string, pooled = false): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        MikroOrmModule.forRoot({
          ...ormConfig(databaseUrl, 'service', pooled),
          registerRequestContext: false,
        }),
      ],
      providers: [
        {
          provide: Database,
          useFactory: (em: EntityManager) => new Database(em, pooled),
          inject: [EntityManager],
        },
      ],
    };
  }
}

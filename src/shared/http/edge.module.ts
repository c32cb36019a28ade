import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { LoggerModule } from 'nestjs-pino';
import type { Logger } from 'pino';
import { MetricsModule } from '../metrics/metrics.module.ts';
import { DocsController } from './docs.controller.ts';
import { HealthController } from './health.controller.ts';
import { IdempotencyInterceptor } from './idempotency.interceptor.ts';
import { IdempotencyStore } from './idempotency.store.ts';
import { ApiDocument } from './openapi.ts';
import { ProblemDetailsFilter } from './problem-details.filter.ts';
import { RequestRulesInterceptor } from './request-rules.interceptor.ts';
import { StrictValidationPipe } from './validation.pipe.ts';

export type EdgeOptions = {
  logger: Logger;
  /** Where browsers and other programs see us; null: as they address us. */
  publicUrl: string | null;
};

/** What `createApp` needs of the module. */
export class Edge {
  constructor(readonly options: EdgeOptions) {}
}

/** The edge: every request passes its rules, every refusal leaves as a problem document. Used with `createApp`. */
@Module({})
export class EdgeModule {
  static forRoot(options: EdgeOptions): DynamicModule {
    return {
      module: EdgeModule,
      imports: [
        MetricsModule,
        LoggerModule.forRoot({ pinoHttp: { logger: options.logger }, useExisting: true }),
      ],
      controllers: [HealthController, DocsController],
      providers: [
        { provide: Edge, useValue: new Edge(options) },
        ApiDocument,
        IdempotencyStore,
        { provide: APP_FILTER, useClass: ProblemDetailsFilter },
        { provide: APP_PIPE, useClass: StrictValidationPipe },
        // In this order: the fingerprint of a request is taken of the body that was read.
        { provide: APP_INTERCEPTOR, useClass: RequestRulesInterceptor },
        { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
      ],
    };
  }
}

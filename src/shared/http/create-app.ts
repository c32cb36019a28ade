import type { DynamicModule, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Logger } from 'nestjs-pino';
import { RequestMetrics } from '../metrics/request-metrics.ts';
import { correlationId } from './correlation-id.ts';
import type { EdgeRequest, EdgeResponse } from './edge-request.ts';
import { boundServer, refuseBrokenTargets } from './http-server.ts';
import { Edge } from './edge.module.ts';
import type { EdgeOptions } from './edge.module.ts';
import { knownMethods } from './known-methods.ts';
import type { RouteTable } from './known-methods.ts';
import { requestLog } from './logger.ts';
import { ApiDocument } from './openapi.ts';

const NEST: NestApplicationOptions = { bodyParser: false, bufferLogs: true, abortOnError: false };

/** The whole program behind its edge, ready to listen. `module` imports `EdgeModule.forRoot(…)`. */
export const createApp = async (module: DynamicModule): Promise<NestExpressApplication> => {
  const app = await NestFactory.create<NestExpressApplication>(module, NEST);
  app.useLogger(app.get(Logger));
  const { options } = app.get(Edge);
  // Queries are parsed by strict-query.ts alone, answers are never cached.
  app.set('query parser', false).set('etag', false);
  app.use(correlationId, requestLog(options.logger), app.get(RequestMetrics).count, noStore);
  secure(app, options);
  app.use(
    refuseBrokenTargets,
    knownMethods(() => routesOf(app)),
  );
  app.get(ApiDocument).describe(app, options.publicUrl);
  boundServer(app.getHttpServer());
  return app.init();
};

const noStore = (_request: EdgeRequest, response: EdgeResponse, next: () => void): void => {
  response.setHeader('Cache-Control', 'no-store');
  next();
};

const secure = (app: NestExpressApplication, { publicUrl }: EdgeOptions): void => {
  const isHttps = publicUrl?.startsWith('https://') === true;
  app.useSecurityHeaders({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: isHttps ? { includeSubDomains: false } : false,
    xFrameOptions: { action: 'deny' },
  });
  app.enableCsrfProtection({ trustedOrigins: publicUrl === null ? [] : [new URL(publicUrl).origin] });
};

const routesOf = (app: NestExpressApplication): RouteTable => {
  const express: { router: RouteTable } = app.getHttpAdapter().getInstance();
  return express.router;
};

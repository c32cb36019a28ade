import { randomUUID } from 'node:crypto';
import type { EdgeRequest, EdgeResponse } from './edge-request.ts';

const ACCEPTABLE = /^[A-Za-z0-9._-]{1,100}$/;

/** Takes the caller's X-Correlation-Id when it is harmless, makes one otherwise, and sends it back. */
export const correlationId = (request: EdgeRequest, response: EdgeResponse, next: () => void): void => {
  const offered = request.headers['x-correlation-id'];
  request.correlationId = typeof offered === 'string' && ACCEPTABLE.test(offered) ? offered : randomUUID();
  response.setHeader('X-Correlation-Id', request.correlationId);
  next();
};

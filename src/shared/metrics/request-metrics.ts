import { Injectable } from '@nestjs/common';
import type { EdgeRequest, EdgeResponse } from '../http/edge-request.ts';
import { routeOf } from '../http/logger.ts';
import { Metrics } from './metrics.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];

/** Requests by the pattern of their route: never by an address, which holds ids and tokens, and of which there is no end. */
@Injectable()
export class RequestMetrics {
  private readonly requests;
  private readonly durations;

  constructor(metrics: Metrics) {
    this.requests = metrics.counter(
      'crm_sync_http_requests_total',
      'Requests that this process has answered; status "aborted": the caller had gone.',
    );
    this.durations = metrics.histogram(
      'crm_sync_http_request_duration_seconds',
      'How long they took. Streams, and syncs that are waited for, take as long as they take.',
      SECONDS,
    );
  }

  readonly count = (request: EdgeRequest, response: EdgeResponse, next: () => void): void => {
    const began = performance.now();
    response.once('close', () => {
      const method = METHODS.has(request.method) ? request.method : 'other';
      const route = routeOf(request);
      const status = response.writableFinished ? String(response.statusCode) : 'aborted';
      this.requests.add({ method, route, status });
      this.durations.observe({ method, route }, (performance.now() - began) / 1000);
    });
    next();
  };
}

import { Catch, NotFoundException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { pathOf } from '../../shared/http/edge-request.ts';
import type { EdgeRequest, EdgeResponse } from '../../shared/http/edge-request.ts';
import { answerProblem } from '../../shared/http/problem-details.filter.ts';
import { consolePage } from './console-page.ts';

/** Addresses that only programs ask for, also when they are opened in a browser. */
const OF_PROGRAMS = /^\/(?:api|hooks|health|metrics|docs|openapi\.json|assets)(?:\/|$)/i;
const HTML = /(?:^|[\s,])text\/html(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i;

/** Whoever opens an address in a browser that does not exist is told so by the console; a program gets the problem. */
@Catch(NotFoundException)
export class NoSuchPageFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<EdgeResponse>();
    const page = isBrowsing(http.getRequest<EdgeRequest>()) ? consolePage(response) : null;
    if (page === null) return answerProblem(error, host);
    response.statusCode = 404;
    response.setHeader('Content-Type', page.type);
    response.setHeader('Vary', 'Accept');
    response.end(page.html);
  }
}

const isBrowsing = (request: EdgeRequest): boolean =>
  (request.method === 'GET' || request.method === 'HEAD') &&
  HTML.test(request.headers.accept ?? '') &&
  !OF_PROGRAMS.test(pathOf(request));

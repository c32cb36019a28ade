import { Catch } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { pathOf } from './edge-request.ts';
import type { EdgeRequest, EdgeResponse } from './edge-request.ts';
import { problemDocument, problemOf } from './problem-details.ts';

/** Answers everything that is thrown as a problem document; what it means for HTTP is decided in problem-details.ts. */
@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    answerProblem(error, host);
  }
}

export const answerProblem = (error: unknown, host: ArgumentsHost): void => {
  const http = host.switchToHttp();
  const request = http.getRequest<EdgeRequest>();
  const response = http.getResponse<EdgeResponse>();
  const problem = problemOf(error);
  if (problem.status >= 500) {
    const { code, status } = problem;
    request.log.error({ err: error, code, status }, 'request failed');
  }
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.statusCode = problem.status;
  for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
  response.setHeader('Content-Type', 'application/problem+json');
  response.setHeader('Cache-Control', 'no-store');
  response.end(JSON.stringify(problemDocument(problem, pathOf(request), request.correlationId)));
};

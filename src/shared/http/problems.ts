import { STATUS_CODES } from 'node:http';
import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import type { ApiResponseNoStatusOptions } from '@nestjs/swagger';
import { STATUS } from './problem-details.ts';
import type { ProblemKind } from './problem-details.ts';

/** How the OpenAPI document describes a problem answer. */
export const problemResponse = (status: number): ApiResponseNoStatusOptions & { description: string } => ({
  description: STATUS_CODES[status] ?? 'Refused',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

/**
 * `@Problems('not-found', 'conflict')`: what this route can refuse, for the OpenAPI document. What every route can refuse
 * (a bad request, a missing key, the database gone) is added by itself.
 */
export const Problems = (...kinds: ProblemKind[]): MethodDecorator & ClassDecorator =>
  applyDecorators(
    ...kinds.map((kind) => ApiResponse({ status: STATUS[kind], ...problemResponse(STATUS[kind]) })),
  );

import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { ROUTE_ARGS_METADATA, RouteParamtypes } from '@nestjs/common/internal';
import { Reflector } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { Refusal } from '../errors.ts';
import { searchOf } from './edge-request.ts';
import type { EdgeRequest } from './edge-request.ts';
import { BODY_LIMIT, readAnyBody, readJsonBody } from './json-body.ts';
import { pointerTo } from './json-text.ts';
import { parseQuery, queryPointer } from './strict-query.ts';

/** `@BodyLimit(bytes)`: a route that takes more than the usual 100 kB. */
export const BodyLimit = Reflector.createDecorator<number>();
/** `@RepeatableQuery(['type'])`: query parameters that may come more than once; the DTO gets a list of texts. */
export const RepeatableQuery = Reflector.createDecorator<string[]>();

/** `@AnyBody()`: a route that takes bytes, whatever they are said to be: it finds them in `rawBody`. */
export const AnyBody = Reflector.createDecorator<true>();

const WITH_BODY = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** What a handler declared by `@Query()`, `@Query('name')` and `@Body()`. */
type Declared = { wholeQuery: boolean; queryNames: string[]; body: boolean };

/**
 * Reads query and body by our rules, once the guard has let the request in. What a handler has not declared is refused;
 * what it has declared as a DTO is checked by the validation pipe afterwards.
 */
@Injectable()
export class RequestRulesInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    const declared = declaredBy(context);
    const query = parseQuery(
      searchOf(request),
      this.reflector.get(RepeatableQuery, context.getHandler()) ?? [],
    );
    if (!declared.wholeQuery) refuseUndeclared(Object.keys(query), declared.queryNames);
    // Express's own `query` is a getter that would parse the address again.
    Object.defineProperty(request, 'query', { value: query, configurable: true, enumerable: true });
    const limit = this.reflector.get(BodyLimit, context.getHandler()) ?? BODY_LIMIT;
    if (this.reflector.get(AnyBody, context.getHandler())) {
      request.rawBody = await readAnyBody(request, limit);
    } else if (WITH_BODY.has(request.method)) await takeBody(request, limit, declared.body);
    return next.handle();
  }
}

const declaredBy = (context: ExecutionContext): Declared => {
  const handler = context.getHandler().name;
  const parameters: Record<string, { data?: unknown }> =
    Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), handler) ?? {};
  const of = (type: RouteParamtypes): unknown[] =>
    Object.entries(parameters)
      .filter(([key]) => key.startsWith(`${type}:`))
      .map(([, { data }]) => data);
  const query = of(RouteParamtypes.QUERY);
  return {
    wholeQuery: query.includes(undefined),
    queryNames: query.filter((name) => typeof name === 'string'),
    body: of(RouteParamtypes.BODY).length > 0,
  };
};

const refuseUndeclared = (given: string[], declared: string[]): void => {
  const errors = given
    .filter((name) => !declared.includes(name))
    .map((name) => ({ pointer: queryPointer(name), detail: 'is not a known parameter' }));
  if (errors.length > 0) {
    throw new Refusal(
      'invalid',
      'invalid-request',
      'This address does not take such a query: see "errors".',
      { errors },
    );
  }
};

/** No body counts as `{}`: whether that is enough is the DTO's to say. */
const takeBody = async (request: EdgeRequest, limit: number, declared: boolean): Promise<void> => {
  const body = await readJsonBody(request, limit);
  const value = body === null ? {} : body.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const errors = [{ pointer: '', detail: 'must be a JSON object' }];
    throw new Refusal('invalid', 'invalid-request', 'The body must be a JSON object.', { errors });
  }
  const keys = declared ? [] : Object.keys(value);
  if (keys.length > 0) {
    const errors = keys.map((key) => ({ pointer: pointerTo('', key), detail: 'is not a known field' }));
    throw new Refusal('invalid', 'invalid-request', 'This address takes no body but "{}".', { errors });
  }
  request.rawBody = body === null ? Buffer.alloc(0) : body.bytes;
  request.body = value;
};

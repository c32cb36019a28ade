import { Injectable, ValidationPipe } from '@nestjs/common';
import type { ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { Refusal } from '../errors.ts';
import type { FieldError } from '../errors.ts';
import { pointerTo } from './json-text.ts';
import { queryPointer } from './strict-query.ts';

class Invalid extends Error {
  constructor(readonly found: ValidationError[]) {
    super('A DTO is invalid.');
  }
}

/**
 * Checks bodies and queries against their DTO classes and refuses what these do not know. Path parameters and single
 * `@Query('name')` values are passed on as they came: Nest's own conversion takes `0x10` for a number.
 */
@Injectable()
export class StrictValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      exceptionFactory: (found: ValidationError[]) => new Invalid(found),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const isDto = (metadata.type === 'body' || metadata.type === 'query') && metadata.data === undefined;
    if (!isDto) return value;
    try {
      const dto: unknown = await super.transform(value, metadata);
      return dto;
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      const inQuery = metadata.type === 'query';
      throw new Refusal('invalid', 'invalid-request', detailOf(inQuery), {
        errors: inQuery ? queryErrors(error.found) : bodyErrors(error.found, ''),
      });
    }
  }
}

const detailOf = (inQuery: boolean): string =>
  inQuery
    ? 'Some parameters of the query are not as they should be: see "errors".'
    : 'Some fields of the body are not as they should be: see "errors".';

const UNKNOWN = 'whitelistValidation';

/** What says of what kind a value has to be: nothing else is of use to somebody who sent another kind. */
const KINDS = new Set(['isString', 'isInt', 'isBoolean', 'isObject', 'isUuid']);

const reasons = ({ constraints = {} }: ValidationError, what: string): string[] => {
  const rules = Object.keys(constraints);
  const rule = rules.find((one) => KINDS.has(one)) ?? rules[0];
  if (rule === undefined) return [];
  return [rule === UNKNOWN ? `is not a known ${what}` : constraints[rule]!];
};

const bodyErrors = (found: ValidationError[], parent: string): FieldError[] =>
  found.flatMap((error) => {
    const pointer = pointerTo(parent, error.property);
    const own = reasons(error, 'field').map((detail) => ({ pointer, detail }));
    return own.length > 0 ? own : bodyErrors(error.children ?? [], pointer);
  });

const queryErrors = (found: ValidationError[]): FieldError[] =>
  found.flatMap((error) => {
    const pointer = queryPointer(error.property);
    return reasons(error, 'parameter').map((detail) => ({ pointer, detail }));
  });

import { applyDecorators } from '@nestjs/common';
import { IsOptional, ValidateBy } from 'class-validator';
import { z } from 'zod';

const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})$/;

/** A time that both JavaScript and PostgreSQL read the same: ISO 8601 with its offset, a real date, 1970 to 2999. */
export const isInstant = (value: unknown): value is string =>
  typeof value === 'string' &&
  ISO.test(value) &&
  value >= '1970' &&
  value < '3' &&
  isRealDate(value.slice(0, 10)) &&
  !Number.isNaN(Date.parse(value));

/** JavaScript takes 30 February for 2 March. */
const isRealDate = (date: string): boolean => {
  const time = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(date);
};

/** A time inside a cursor. */
export const instant = z.string().refine(isInstant);

/** An optional time in a query. */
export const OptionalInstant = (): PropertyDecorator =>
  applyDecorators(
    IsOptional(),
    ValidateBy({
      name: 'isInstant',
      validator: {
        validate: isInstant,
        defaultMessage: () => 'must be a time like 2026-11-22T15:30:00Z',
      },
    }),
  );

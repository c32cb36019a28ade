import { applyDecorators } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiOkResponse, getSchemaPath } from '@nestjs/swagger';

/** Documents an answer as a page of rows. */
export const ApiPageOf = (row: Type): MethodDecorator =>
  applyDecorators(
    ApiExtraModels(row),
    ApiOkResponse({
      description: 'A page, and the cursor of the next one.',
      schema: {
        type: 'object',
        required: ['data', 'page'],
        properties: {
          data: { type: 'array', items: { $ref: getSchemaPath(row) } },
          page: {
            type: 'object',
            required: ['nextCursor', 'limit'],
            properties: { nextCursor: { type: ['string', 'null'] }, limit: { type: 'integer' } },
          },
        },
      },
    }),
  );

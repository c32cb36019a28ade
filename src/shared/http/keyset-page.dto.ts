import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Length, Max, Min } from 'class-validator';

const DECIMAL = /^(?:0|[1-9]\d{0,14})$/;

/** Makes a number of a query parameter's decimal digits, and leaves anything else for `@IsInt()` to refuse. */
export const DecimalInt = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: 'integer' }),
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value,
    ),
  );

/** The query of every list. Extend it with the list's own filters. */
export class KeysetPageDto {
  /** How many rows a page has. */
  @DecimalInt()
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;

  /** `page.nextCursor` of the page before. */
  @IsOptional()
  @IsString()
  @Length(1, 1000)
  cursor?: string;
}

import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsISO31661Alpha2,
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { SAYS_NOTHING, SAYS_SOMETHING } from './connection.dto.ts';
import { WantedScheduleDto } from './schedule/schedule.dto.ts';

/** May be left out; null is no value. */
const IfGiven = (): PropertyDecorator =>
  applyDecorators(ValidateIf((_: object, value: unknown) => value !== undefined));

/** What to change about a connection. What is left out stays as it is. */
export class ConnectionChangesDto {
  /** What people call this connection. */
  @IfGiven()
  @IsString()
  @Length(1, 200)
  @Matches(SAYS_SOMETHING, SAYS_NOTHING)
  name?: string;

  /** When it syncs by itself; null: only on demand. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => WantedScheduleDto)
  schedule?: WantedScheduleDto | null;

  /** What happens to clients without an e-mail address, from the next sync on. */
  @IfGiven()
  @IsIn(['quarantine', 'import'])
  clientsWithoutEmail?: 'quarantine' | 'import';

  /** Whether to fetch the custom fields of new and changed clients. A request for each. */
  @IfGiven()
  @IsBoolean()
  clientFields?: boolean;

  /** Where the company is, ISO 3166-1 alpha-2; null: not known. Phone numbers are read anew when their client changes. */
  @IsOptional()
  @IsString()
  @IsISO31661Alpha2({ message: 'must be a country code such as DE' })
  country?: string | null;
}

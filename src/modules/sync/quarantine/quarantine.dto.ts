import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  IsIn,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import { KeysetPageDto } from '../../../shared/http/keyset-page.dto.ts';
import type { QuarantinedRecord } from './quarantine.read-model.ts';

const CODE = /^[a-z.-]{1,100}$/;
const NO_CODE = { message: 'must be a code such as email.missing' };
const KINDS = ['client', 'booking'] as const;

export class QuarantineQueryDto extends KeysetPageDto {
  @IsOptional()
  @IsUUID()
  connectionId?: string;

  /** Why the records wait, for example `email.missing`. */
  @IsOptional()
  @IsString()
  @Matches(CODE, NO_CODE)
  code?: string;

  @IsOptional()
  @IsIn(KINDS)
  kind?: 'client' | 'booking';

  /** Those that wait, or those that somebody has dismissed. */
  @IsIn(['waiting', 'dismissed'])
  status: 'waiting' | 'dismissed' = 'waiting';
}

/** A record that no run could take, and why. */
export class QuarantinedRecordDto implements QuarantinedRecord {
  id!: string;
  connectionId!: string;
  externalId!: string;
  kind!: 'client' | 'booking';
  status!: 'waiting' | 'dismissed';
  code!: string;
  detail!: string;
  /** What to do about it. */
  advice!: string;
  /** With `email.taken`: the client's own lead, and the one that has the address. */
  leads!: string[];
  /** As received. */
  @ApiProperty({ anyOf: [{}] })
  record!: unknown;
  firstSeenAt!: string;
  lastSeenAt!: string;
  attempts!: number;
}

/** A text of people's: not blank, without control characters; blanks around it do not count. */
const trimmed = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' ? value.trim() : value;
const CLEAN = /^[^\p{Cc}\p{Cs}]*$/u;
const UNCLEAN = { message: 'must not hold control characters' };

/** What is right instead of what the CRM says. Counts until the CRM itself says something else in that field. */
export class FixDto {
  @IsOptional()
  @IsString()
  @Transform(trimmed)
  @Length(1, 254)
  @Matches(CLEAN, UNCLEAN)
  email?: string | null;

  @IsOptional()
  @IsString()
  @Transform(trimmed)
  @Length(1, 1000)
  @Matches(CLEAN, UNCLEAN)
  name?: string | null;

  @IsOptional()
  @IsString()
  @Transform(trimmed)
  @Length(1, 300)
  @Matches(CLEAN, UNCLEAN)
  phone?: string | null;
}

export class ReplayDto {
  /** For a client only: there is nothing to fix in a booking. */
  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => FixDto)
  fix?: FixDto | null;
}

/** The record has been taken. */
export class ReplayedDto {
  released!: true;
  /** Null for a booking whose client is no lead yet. */
  leadId!: string | null;
  /** For a booking only. */
  bookingId?: string;
}

/** Which waiting records: at least one of the three has to be said. */
export class SweepDto {
  @IsOptional()
  @IsUUID()
  connectionId?: string | null;

  /** Why they wait, for example `email.taken`. */
  @IsOptional()
  @IsString()
  @Matches(CODE, NO_CODE)
  code?: string | null;

  @IsOptional()
  @IsIn(KINDS)
  kind?: 'client' | 'booking' | null;
}

export class ReplayedManyDto {
  released!: number;
  stillWaiting!: number;
  /** Not looked at yet: ask again. */
  remaining!: number;
}

export class DismissedManyDto {
  dismissed!: number;
  /** Not looked at yet: ask again. */
  remaining!: number;
}

import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsOptional, ValidateBy } from 'class-validator';
import { isInstant } from '../../shared/http/instant.ts';
import { AddressDto } from './leads.dto.ts';

const POSITION = /^[1-9]\d{0,14}$/;

/** A position of the log, or a time. */
const moment = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  if (POSITION.test(value)) return Number(value);
  return isInstant(value) ? new Date(value) : value;
};

/** A lead now, or then. */
export class LeadQueryDto {
  /** A time like `2026-11-22T15:30:00Z`, or a position of the log: the lead as it was then. */
  @ApiPropertyOptional({ type: 'string' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => moment(value))
  @ValidateBy({
    name: 'isMoment',
    validator: {
      validate: (value) => typeof value === 'number' || value instanceof Date,
      defaultMessage: () => 'must be a time like 2026-11-22T15:30:00Z or a position of the log',
    },
  })
  asOf?: number | Date;
}

/** A lead's own values at one time. */
export class LeadViewDto {
  name!: string | null;
  email!: string | null;
  phone!: string | null;
  phoneE164!: string | null;
  phoneExtension!: string | null;
  address!: AddressDto | null;
  /** `gone`: the CRM had none of its clients any more. */
  status!: 'active' | 'gone';
  /** The lead that it was a part of. */
  mergedInto!: string | null;
}

export class ChangeSourceDto {
  connectionId!: string;
  externalId!: string;
}

/** One change of a lead: what, by whom, because of what, when. */
export class LeadChangeDto {
  /** Where it stands in the log: `GET /api/events/{position}`. */
  position!: number;
  version!: number;
  change!: 'created' | 'updated' | 'linked' | 'merged' | 'split' | 'gone' | 'restored';
  /** The fields with another value since; `sources` when only what a source says, or which they are, has changed. */
  changed!: string[];
  /** Null when this made the lead. */
  before!: LeadViewDto | null;
  after!: LeadViewDto | null;
  /** The client of the CRM whose news it was; null when a person merged or split. */
  source!: ChangeSourceDto | null;
  /** The other lead of a merge or split. */
  otherId!: string | null;
  actor!: string;
  /** What led to it: `event:<position>`, or null when a person did. */
  cause!: string | null;
  correlationId!: string;
  runId!: string | null;
  recordedAt!: string;
  /** The values have been erased. */
  erased!: boolean;
}

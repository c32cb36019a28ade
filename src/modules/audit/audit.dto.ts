import { IntersectionType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Length, Matches, Min } from 'class-validator';
import { DecimalInt, KeysetPageDto } from '../../shared/http/keyset-page.dto.ts';
import { OptionalInstant } from '../../shared/http/instant.ts';

/** Which events, as they come. `after` is exclusive. */
export class LiveEventsQueryDto {
  @IsOptional()
  @DecimalInt()
  @IsInt()
  @Min(0)
  after?: number;

  /** A stream, or the beginning of streams when it ends in `*`: `lead-*`. */
  @IsOptional()
  @IsString()
  @Matches(/^[A-Za-z0-9._:@~-]{0,400}\*?$/, {
    message: 'must be the name of a stream, or its beginning and *',
  })
  stream?: string;

  /** One type or several, comma separated or repeated. */
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => [value].flat().flatMap((types) => String(types).split(',')))
  @Matches(/^[A-Za-z0-9]{1,100}$/, { each: true, message: 'must be event types, comma separated' })
  type?: string[];

  @IsOptional()
  @IsString()
  @Length(1, 200)
  actor?: string;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  correlationId?: string;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  runId?: string;
}

/** Which events, in which order. Positions are exclusive; `since` is inclusive, `until` exclusive. */
export class EventsQueryDto extends IntersectionType(LiveEventsQueryDto, KeysetPageDto) {
  @IsOptional()
  @DecimalInt()
  @IsInt()
  @Min(0)
  before?: number;

  @IsIn(['asc', 'desc'])
  order: 'asc' | 'desc' = 'asc';

  @OptionalInstant()
  since?: string;

  @OptionalInstant()
  until?: string;
}

/** Who caused an event, and what it belongs to. */
export class EventMetaDto {
  actor!: string;
  correlationId!: string;
  causationId!: string | null;
  runId?: string;
}

/** A fact of the log. */
export class EventDto {
  position!: number;
  stream!: string;
  version!: number;
  type!: string;
  data!: object;
  /** The person's values; null when the event has none or when they have been erased. */
  personal!: object | null;
  erased!: boolean;
  meta!: EventMetaDto;
  recordedAt!: string;
  /** SHA-256 over the previous hash, the envelope and the stored payload; hex. */
  hash!: string;
}

import { IsIn, IsOptional } from 'class-validator';
import { KeysetPageDto } from '../../../shared/http/keyset-page.dto.ts';

/** Which changes of a run. */
export class RunChangesQueryDto extends KeysetPageDto {
  @IsOptional()
  @IsIn(['lead', 'booking'])
  kind?: 'lead' | 'booking';
}

/** What a run has done to one lead or booking. */
export class RunChangeDto {
  kind!: 'lead' | 'booking';
  id!: string;
  change!: string;
  /** The fields with another value since. */
  changed!: string[];
  /** The values before; null when this made the record. */
  before!: object | null;
  after!: object | null;
  /** Where it stands in the log: `GET /api/events/{position}`. */
  eventPosition!: number;
}

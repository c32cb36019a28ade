import { IsOptional, Length, ValidateBy } from 'class-validator';
import { isZone } from '../../../shared/local-time.ts';
import { flawOf } from './cron.ts';

const IsCron = (): PropertyDecorator =>
  ValidateBy({
    name: 'isCron',
    validator: {
      validate: (value) => typeof value === 'string' && flawOf(value) === null,
      defaultMessage: (given) =>
        (typeof given?.value === 'string' && flawOf(given.value)) || 'must be a text',
    },
  });

const IsZoneName = (): PropertyDecorator =>
  ValidateBy({
    name: 'isZoneName',
    validator: {
      validate: (value) => typeof value === 'string' && /^[A-Za-z]/.test(value) && isZone(value),
      defaultMessage: () => 'must be an IANA time zone such as Europe/Berlin',
    },
  });

/** When a connection syncs by itself. */
export class WantedScheduleDto {
  /**
   * Five fields: minute, hour, day of month, month, day of week. `30 2 * * MON-FRI` is half past two from Monday to Friday.
   * Where both days are restricted, either will do.
   */
  @Length(9, 200)
  @IsCron()
  cron!: string;

  /** The IANA zone whose clocks it goes by; that of the company if left out, else UTC. */
  @IsOptional()
  @Length(1, 100)
  @IsZoneName()
  timezone?: string | null;
}

/** When a connection syncs by itself. */
export class ScheduleDto {
  cron!: string;
  timezone!: string;
}

/** Whether a schedule waits for its next time, is due, tries a failed sync again, or pauses. */
export class ScheduleStateDto {
  code!: 'waiting' | 'due' | 'retrying' | 'paused';
  /** The same for people, with what to do where there is something to do. */
  detail!: string;
}

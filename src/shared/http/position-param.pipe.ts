import { Injectable } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { Refusal } from '../errors.ts';

/** Fifteen digits are less than 2^53. */
const POSITION = /^(?:0|[1-9]\d{0,14})$/;

/** `@Param('position', PositionParamPipe) position: number`: decimal digits and nothing else. */
@Injectable()
export class PositionParamPipe implements PipeTransform<unknown, number> {
  transform(value: unknown): number {
    if (typeof value === 'string' && POSITION.test(value)) return Number(value);
    throw new Refusal(
      'not-found',
      'not-found',
      'There is nothing here: the log counts its events 1, 2, 3, …',
    );
  }
}

import { Injectable } from '@nestjs/common';
import type { PipeTransform } from '@nestjs/common';
import { Refusal } from '../errors.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `@Param('id', UuidParamPipe) id: string`: the id in lower case. What is no UUID cannot be found. */
@Injectable()
export class UuidParamPipe implements PipeTransform<unknown, string> {
  transform(value: unknown): string {
    const id = typeof value === 'string' ? value.toLowerCase() : '';
    if (UUID.test(id)) return id;
    throw new Refusal(
      'not-found',
      'not-found',
      'There is nothing here: the id in the address is not a UUID.',
    );
  }
}

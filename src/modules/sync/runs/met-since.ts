import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { MetSince } from '../contract.ts';
import { RunsMet } from './runs-met.store.ts';

@QueryHandler(MetSince)
export class MetSinceHandler implements IQueryHandler<MetSince> {
  constructor(private readonly runs: RunsMet) {}

  execute(query: MetSince): Promise<boolean> {
    return this.runs.since(query);
  }
}

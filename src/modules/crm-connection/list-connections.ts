import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { Connections } from './connections.read-model.ts';
import { ListConnections } from './contract.ts';
import type { PlannedConnection } from './contract.ts';
import { UpcomingSyncs } from './schedule/upcoming-syncs.ts';

@QueryHandler(ListConnections)
export class ListConnectionsHandler implements IQueryHandler<ListConnections> {
  constructor(
    private readonly connections: Connections,
    private readonly upcoming: UpcomingSyncs,
  ) {}

  async execute(): Promise<PlannedConnection[]> {
    return this.upcoming.beside(await this.connections.open());
  }
}

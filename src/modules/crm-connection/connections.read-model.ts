import { Injectable } from '@nestjs/common';
import { QueryHandler } from '@nestjs/cqrs';
import type { IQueryHandler } from '@nestjs/cqrs';
import { sql } from 'kysely';
import { Database } from '../../shared/database/database.ts';
import { Refusal } from '../../shared/errors.ts';
import type { ReadModel } from '../../shared/event-store/event-store.ts';
import type { Recorded } from '../../shared/event-store/event.ts';
import type { SyncCompleted } from '../sync/contract.ts';
import { changesOf } from './connection.decider.ts';
import { GetConnection } from './contract.ts';
import type { Connection, ConnectionEvent, ConnectionSettings, CrmConnected } from './contract.ts';

/** Every connection there is or was, without its secrets. */
@Injectable()
export class Connections implements ReadModel<ConnectionEvent | SyncCompleted> {
  readonly name = 'connections';
  readonly tables = ['connections'] as const;
  readonly on = [
    'CrmConnected',
    'CrmCredentialsReplaced',
    'CrmNeedsAttention',
    'CrmRecovered',
    'CrmScheduleChanged',
    'CrmSettingsChanged',
    'CrmDisconnected',
    'SyncCompleted',
  ] as const;

  constructor(private readonly database: Database) {}

  readonly apply = async (events: Recorded<ConnectionEvent | SyncCompleted>[]): Promise<void> => {
    for (const event of events) {
      if (event.type === 'CrmConnected') await this.add(event);
      else if (event.type === 'SyncCompleted') await this.synced(event);
      else await this.change(event);
    }
  };

  async one(id: string): Promise<Connection | undefined> {
    return this.database.row(sql<Connection>`${CONNECTION} where id = ${id}`);
  }

  /** The connection that is to this company already. */
  async toCompany(provider: string, domain: string, company: string): Promise<Connection | undefined> {
    return this.database.row(sql<Connection>`
      ${CONNECTION} where provider = ${provider} and domain = ${domain} and company = ${company}
         and status <> 'disconnected'`);
  }

  async page(after: [createdAt: string, id: string] | null, limit: number): Promise<Connection[]> {
    const from =
      after === null ? sql`true` : sql`(created_at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`;
    return this.database.rows(sql<Connection>`
      ${CONNECTION} where ${from} order by connections.created_at desc, id desc limit ${limit}`);
  }

  async open(): Promise<Connection[]> {
    return this.database.rows(sql<Connection>`
      ${CONNECTION} where status <> 'disconnected' order by connections.created_at, id`);
  }

  private async add({ data, personal, recordedAt, version }: Recorded<CrmConnected>): Promise<void> {
    await this.database.execute(sql`
      insert into connections (id, provider, name, company, login, domain, timezone, country, clients_without_email,
        client_fields, status, created_at, version)
      values (${data.connectionId}, ${data.provider}, ${personal?.name ?? ''}, ${data.company}, ${personal?.login ?? ''},
        ${data.domain}, ${data.timezone}, ${data.country ?? null}, ${data.clientsWithoutEmail},
        ${data.clientFields ?? false}, 'connected', ${recordedAt}, ${version})`);
  }

  private async change(event: Recorded<Exclude<ConnectionEvent, CrmConnected>>): Promise<void> {
    const id = event.data.connectionId;
    const changes = {
      CrmCredentialsReplaced: sql`login = ${event.type === 'CrmCredentialsReplaced' ? (event.personal?.login ?? '') : ''}`,
      CrmNeedsAttention: sql`status = 'needs-attention', attention = ${JSON.stringify(
        event.type === 'CrmNeedsAttention' ? event.data.reason : null,
      )}::jsonb`,
      CrmScheduleChanged: sql`id = id`,
      CrmSettingsChanged: event.type === 'CrmSettingsChanged' ? settings(changesOf(event)) : sql``,
      CrmRecovered: sql`status = 'connected', attention = null`,
      CrmDisconnected: sql`status = 'disconnected', attention = null`,
    };
    await this.database.execute(sql`
      update connections set ${changes[event.type]}, version = ${event.version} where id = ${id}`);
  }

  private async synced({ data, recordedAt }: Recorded<SyncCompleted>): Promise<void> {
    if (data.status === 'suspicious') return;
    await this.database.execute(sql`
      update connections set last_synced_at = ${recordedAt} where id = ${data.connectionId}`);
  }
}

@QueryHandler(GetConnection)
export class GetConnectionHandler implements IQueryHandler<GetConnection> {
  constructor(private readonly connections: Connections) {}

  async execute({ connectionId }: GetConnection): Promise<Connection> {
    const found = await this.connections.one(connectionId);
    if (found === undefined) {
      throw new Refusal('not-found', 'connection-not-found', 'There is no connection with this id.');
    }
    return found;
  }
}

const settings = ({ name, country, clientsWithoutEmail, clientFields }: Partial<ConnectionSettings>) => sql`
  name = coalesce(${name ?? null}, name), country = ${country === undefined ? sql`country` : country},
  clients_without_email = coalesce(${clientsWithoutEmail ?? null}, clients_without_email),
  client_fields = coalesce(${clientFields ?? null}::boolean, client_fields)`;

const CONNECTION = sql`select id, provider, name, company, login, domain, timezone, country,
    clients_without_email as "clientsWithoutEmail", client_fields as "clientFields", status, attention,
    iso_utc(last_synced_at) as "lastSyncedAt", iso_utc(created_at) as "createdAt", version
  from connections`;

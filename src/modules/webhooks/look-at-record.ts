import { Injectable } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { pause } from '../../shared/pause.ts';
import { CrmClients, GetConnection } from '../crm-connection/contract.ts';
import type { Connection } from '../crm-connection/contract.ts';
import { FindLeads } from '../leads/contract.ts';
import { BOOKING_WINDOW, MetSince, SyncCrm, TakeBooking, TakeClient } from '../sync/contract.ts';
import { CrmRecords } from './contract.ts';
import type { BookingRead, ClientRead } from './contract.ts';
import { LookLock } from './look-lock.store.ts';
import { LookLost, Looks } from './looks.store.ts';
import type { Look } from './looks.store.ts';

/** A read that a run has overtaken is made again; one run meets a record once, and ends once. */
const READS = 5;
const READ_WITHIN = 100_000; // ms, less than a look may take
const AFTER_RUN = 30; // s, until the next try to start one
const RETRY = 5; // s, when a run leaves no room
const LOCK_TRIES = 100;
const LOCK_PAUSE = 100; // ms

/** Reads one record of the CRM again and takes it as a sync would. */
@Injectable()
export class LookAtRecord {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly events: EventStore,
    private readonly crm: CrmRecords,
    private readonly clients: CrmClients,
    private readonly looks: Looks,
    private readonly lock: LookLock,
  ) {}

  /** @throws LookLost, a Refusal of the CRM, or the signal's reason. */
  async look(connection: Connection, look: Look, signal: AbortSignal): Promise<void> {
    if (look.kind === 'all') return this.lookAtAll(connection, look);
    const within = AbortSignal.any([signal, AbortSignal.timeout(READ_WITHIN)]);
    let current = look;
    for (let reads = 1; ; reads += 1) {
      const { take, outcome } =
        look.kind === 'client'
          ? await this.readClient(connection, current, within)
          : await this.readBooking(connection, current, within);
      if (await this.recorded(current, take, outcome, within)) return;
      if (reads === READS) return this.looks.handBack(current, RETRY);
      current = await this.looks.restart(current);
    }
  }

  private async lookAtAll({ id }: Connection, look: Look): Promise<void> {
    const { joined } = await this.commands.execute(new SyncCrm(id, 'webhook', callerOf(look)));
    // A run that goes on may have listed before what the webhook tells of.
    if (joined) await this.looks.handBack(look, AFTER_RUN);
    else await this.looks.end(look, 'synced');
  }

  private async readClient(connection: Connection, look: Look, signal: AbortSignal): Promise<Reading> {
    const { id } = connection;
    const read: ClientRead = await this.crm.client(id, look.externalId, signal);
    if (typeof read === 'string') return { take: nothing, outcome: read };
    const fields =
      connection.clientFields && 'client' in read
        ? await this.clients.fieldsOf(id, [look.externalId], signal)
        : null;
    const command = new TakeClient(connection, read, fields?.get(look.externalId) ?? null, callerOf(look));
    return { take: () => this.commands.execute(command), outcome: 'taken' };
  }

  private async readBooking(connection: Connection, look: Look, signal: AbortSignal): Promise<Reading> {
    const since = new Date(Date.now() - BOOKING_WINDOW);
    const read: BookingRead = await this.crm.booking(connection.id, look.externalId, since, signal);
    if (typeof read === 'string') return { take: nothing, outcome: read };
    const clientId = 'booking' in read ? read.booking.clientId : null;
    if (clientId !== null) await this.meetClient(connection, clientId, look, signal);
    const command = new TakeBooking(connection.id, read, callerOf(look));
    return { take: () => this.commands.execute(command), outcome: 'taken' };
  }

  /** Whose client is not a lead yet is looked at before the booking is: the two may have been made together. */
  private async meetClient(
    connection: Connection,
    externalId: string,
    { correlationId }: Look,
    signal: AbortSignal,
  ): Promise<void> {
    const { id: connectionId } = connection;
    const leads = await this.queries.execute(new FindLeads(connectionId, [externalId]));
    if (leads.has(externalId)) return;
    const at = { connectionId, kind: 'client' as const, externalId };
    const look = await this.looks.beginWith(at, correlationId);
    if (look === undefined) return;
    try {
      await this.look(connection, look, signal);
    } catch (error) {
      if (error instanceof LookLost) return;
      await this.looks.handBack(look, 0);
      throw error;
    }
  }

  /** False when the record has to be read once more. */
  private async recorded(
    look: Look,
    take: () => Promise<void>,
    outcome: string,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { connectionId, kind, externalId, startedAt } = look;
    for (let tries = 0; tries < LOCK_TRIES; tries += 1) {
      const done = await this.events.transaction(async () => {
        if (!(await this.lock.tryAlone(connectionId))) return null;
        const { status } = await this.queries.execute(new GetConnection(connectionId));
        if (status === 'disconnected') throw new LookLost();
        if (kind !== 'all') {
          const met = new MetSince(connectionId, kind, externalId, startedAt);
          if (await this.queries.execute(met)) return false;
        }
        await take();
        await this.looks.end(look, outcome);
        return true;
      });
      if (done !== null) return done;
      await pause(LOCK_PAUSE, signal);
    }
    await this.looks.handBack(look, RETRY);
    throw new LookLost();
  }
}

/** What was read, not taken yet. */
type Reading = { take: () => Promise<void>; outcome: string };

const nothing = (): Promise<void> => Promise.resolve();

const callerOf = ({ correlationId }: Look): Caller => ({ actor: 'webhook', correlationId });

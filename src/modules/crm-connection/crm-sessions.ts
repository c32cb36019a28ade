import { Injectable, Logger } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { Refusal } from '../../shared/errors.ts';
import { decision } from '../../shared/event-store/decider.ts';
import type { Decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import type { Event } from '../../shared/event-store/event.ts';
import { SealBroken } from '../../shared/secrets.ts';
import { ConnectionSecrets } from './connection-secrets.store.ts';
import { ConnectionTokens } from './connection-tokens.store.ts';
import { connection, connectionStream, needAttention, recover } from './connection.decider.ts';
import { CrmClients, GetConnection } from './contract.ts';
import type {
  BookingPage,
  ClientLook,
  ClientPage,
  Connection,
  CrmBookings,
  CrmWarning,
  CustomField,
  ListedSoFar,
} from './contract.ts';
import { CrmProvider, signInDeadline } from './crm-provider.ts';
import type { CrmReport, CrmSession } from './crm-provider.ts';

/** What no waiting will mend: a person has to do something about the connection. */
const NEEDS_A_PERSON = new Set([
  'crm-credentials-refused',
  'crm-user-blocked',
  'crm-address-unconfirmed',
  'crm-two-factor-required',
  'crm-two-factor-refused',
  'crm-api-not-allowed',
  'crm-api-feature-off',
  'crm-company-unknown',
  'crm-wrong-region',
  'crm-permission-denied',
  'crm-secret-unreadable',
]);

/** What changed while the last sync went on may have been changed before its end, but not seen. */
const LONGEST_RUN = 3_600_000; // ms

/** A damaged secret concerns its connection alone, and only new credentials mend it. */
const explained = (error: unknown): unknown =>
  error instanceof SealBroken
    ? new Refusal(
        'unprocessable',
        'crm-secret-unreadable',
        'The stored credentials of this connection cannot be opened: they were sealed with another key, or their row was changed. Replace the credentials.',
      )
    : error;

/** Talks to the CRM in a connection's name, and notes on the connection when it cannot. */
@Injectable()
export class CrmSessions extends CrmClients implements CrmBookings {
  private readonly log = new Logger(CrmSessions.name);

  constructor(
    private readonly queries: QueryBus,
    private readonly provider: CrmProvider,
    private readonly secrets: ConnectionSecrets,
    private readonly tokens: ConnectionTokens,
    private readonly events: EventStore,
  ) {
    super();
  }

  pages(
    connectionId: string,
    signal: AbortSignal,
    from?: ListedSoFar,
  ): AsyncGenerator<ClientPage, void, undefined> {
    return this.watched(connectionId, (session) => this.provider.clientPages(session, signal, from));
  }

  bookingPages(
    connectionId: string,
    since: Date,
    signal: AbortSignal,
  ): AsyncGenerator<BookingPage, void, undefined> {
    return this.watched(connectionId, (session, { timezone, lastSyncedAt }) => {
      const changedSince = lastSyncedAt === null ? null : new Date(Date.parse(lastSyncedAt) - LONGEST_RUN);
      return this.provider.bookingPages(session, { since, changedSince, timezone }, signal);
    });
  }

  /** Whatever is listed in the connection's name; notes on it whether that worked. */
  private async *watched<Page>(
    connectionId: string,
    list: (session: CrmSession, connection: Connection) => AsyncGenerator<Page, void, undefined>,
  ): AsyncGenerator<Page, void, undefined> {
    const known = await this.queries.execute(new GetConnection(connectionId));
    try {
      let isFirst = true;
      for await (const page of list(await this.open(known), known)) {
        if (isFirst) await this.recovered(connectionId);
        isFirst = false;
        yield page;
      }
    } catch (error) {
      throw await this.noted(known, error);
    }
  }

  private async noted(known: Connection, error: unknown): Promise<unknown> {
    const reason = explained(error);
    if (reason instanceof Refusal && NEEDS_A_PERSON.has(reason.code)) {
      await this.noteAttention(known, reason);
    }
    return reason;
  }

  /** One piece of work in the connection's name; notes on it when it needs a person. */
  async once<T>(
    connectionId: string,
    work: (session: CrmSession, connection: Connection) => Promise<T>,
  ): Promise<T> {
    const known = await this.queries.execute(new GetConnection(connectionId));
    try {
      return await work(await this.open(known), known);
    } catch (error) {
      throw await this.noted(known, error);
    }
  }

  async fieldsOf(
    connectionId: string,
    externalIds: readonly string[],
    signal: AbortSignal,
    warn?: (warning: CrmWarning) => void,
  ): Promise<ReadonlyMap<string, CustomField[]>> {
    const fields = new Map<string, CustomField[]>();
    try {
      const session = await this.open(await this.queries.execute(new GetConnection(connectionId)));
      for await (const one of this.provider.clientFields(session, externalIds, signal)) {
        if ('warning' in one) warn?.(one.warning);
        else fields.set(one.externalId, one.fields);
      }
    } catch (error) {
      throw explained(error);
    }
    return fields;
  }

  async *looks(
    connectionId: string,
    externalIds: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<[externalId: string, look: ClientLook], void, undefined> {
    try {
      const session = await this.open(await this.queries.execute(new GetConnection(connectionId)));
      yield* this.provider.clientLooks(session, externalIds, signal);
    } catch (error) {
      if (!(explained(error) instanceof Refusal)) throw error;
      this.log.warn({ err: error, connectionId }, 'clients could not be looked at');
    }
  }

  async readAgain(
    connectionId: string,
    records: readonly unknown[],
  ): Promise<Pick<BookingPage, 'bookings' | 'unreadable'>> {
    try {
      const known = await this.queries.execute(new GetConnection(connectionId));
      const session = await this.open(known);
      return await this.provider.readBookings(session, records, known.timezone, signInDeadline());
    } catch (error) {
      throw explained(error);
    }
  }

  /** Tries each way in and reports, whatever comes of it. A way that opens ends the need for attention. */
  async check(connectionId: string, signal: AbortSignal): Promise<CrmReport> {
    try {
      const known = await this.queries.execute(new GetConnection(connectionId));
      const report = await this.provider.check(await this.open(known), signal);
      if (report.way !== null) await this.recovered(connectionId);
      return report;
    } catch (error) {
      throw explained(error);
    }
  }

  private async open({ id, company, login, domain }: Connection): Promise<CrmSession> {
    const credentials = await this.secrets.credentials(id);
    return {
      account: { company, login, ...credentials, domain },
      tokens: this.tokens.of(id, 'token'),
      otherTokens: this.tokens.of(id, 'other_token'),
      pace: (signal) => this.secrets.pace(id, signal),
      takeStep: (step) => this.secrets.takeStep(id, step),
    };
  }

  /**
   * Said once, however often it is met: event, status and log. Not said of credentials that have been replaced since they were
   * taken from the books: whoever still works with those knows nothing of the new ones.
   */
  private async noteAttention({ id, version }: Connection, { code, message }: Refusal): Promise<void> {
    const told = decision(connectionStream(id), connection, needAttention(id, { code, detail: message }));
    const isReplaced = (past: readonly Event[]): boolean =>
      past.slice(version).some(({ type }) => type === 'CrmCredentialsReplaced');
    const isNews = await this.note(id, {
      ...told,
      decide: (past) => (isReplaced(past) ? [] : told.decide(past)),
    });
    if (isNews) this.log.warn({ connectionId: id, code }, 'the connection needs attention');
  }

  private async recovered(connectionId: string): Promise<void> {
    const decided = decision(connectionStream(connectionId), connection, recover(connectionId));
    const isNews = await this.note(connectionId, decided);
    if (isNews) this.log.log({ connectionId }, 'the connection works again');
  }

  private async note(connectionId: string, decided: Decision): Promise<boolean> {
    const meta = { actor: 'system', correlationId: connectionId, causationId: null };
    return (await this.events.transact([decided], meta)).flat().length > 0;
  }
}

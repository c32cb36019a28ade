import { HttpService } from '@nestjs/axios';
import { Injectable, Optional, type OnModuleDestroy } from '@nestjs/common';
import { Metrics } from '../../../shared/metrics/metrics.ts';
import type { BookingPage, ClientLook, ClientPage, ListedSoFar } from '../contract.ts';
import type { BookingRead, ClientRead, CrmDelivery } from '../../webhooks/contract.ts';
import {
  CrmProvider,
  type BookingWindow,
  type CrmLogin,
  type CrmReport,
  type CrmSession,
  type CrmToken,
} from '../crm-provider.ts';
import { bookingPages, bookingsOf } from './booking-pages.ts';
import { checkWays } from './check.ts';
import { clientFields } from './client-fields.ts';
import { clientPage, clientsQuestion } from './client-list.ts';
import { lookAtClients } from './client-look.ts';
import { recordKey } from './client-record.ts';
import { readDelivery } from './delivery.ts';
import { BoundedHttp } from './http.ts';
import { Listing } from './listing.ts';
import { readOneBooking, readOneClient } from './one-record.ts';
import { answerUnusable, RestClosed, RpcClosed } from './refusals.ts';
import { rpcClientPages } from './rpc-client-list.ts';
import { SimplyBookSettings } from './settings.ts';
import { signIn } from './sign-in.ts';
import { Visit } from './visit.ts';
import { registerWebhooks, removeWebhooks } from './webhook-register.ts';
import { checkedAccount, type Wire } from './wire.ts';

/** The vendor's own code asks for as many; the largest that works is not known. */
const ON_PAGE = 100;

/** SimplyBook.me: REST v2 first, JSON-RPC where REST is no way. */
@Injectable()
export class SimplyBookProvider extends CrmProvider implements OnModuleDestroy {
  readonly #settings: SimplyBookSettings;
  readonly #rest: BoundedHttp;
  readonly #rpc: BoundedHttp;

  constructor(http: HttpService, settings: SimplyBookSettings, @Optional() metrics: Metrics = new Metrics()) {
    super();
    this.#settings = settings;
    const requests = metrics.counter(
      'crm_sync_crm_requests_total',
      'Requests of this process to the CRM, by what became of them.',
    );
    const noted = (api: string) => (outcome: string) => requests.add({ api, outcome });
    this.#rest = new BoundedHttp(
      http.axiosRef,
      settings,
      settings.restUrl === null ? 'public' : 'anywhere',
      noted('rest'),
    );
    this.#rpc = new BoundedHttp(
      http.axiosRef,
      settings,
      settings.rpcUrl === null ? 'public' : 'anywhere',
      noted('rpc'),
    );
  }

  onModuleDestroy(): void {
    this.#rest.close();
    this.#rpc.close();
  }

  override async signIn(login: CrmLogin, signal: AbortSignal): Promise<CrmToken> {
    return signIn(this.#wire(login, signal), 'rest');
  }

  override async *clientPages(
    session: CrmSession,
    signal: AbortSignal,
    from?: ListedSoFar,
  ): AsyncGenerator<ClientPage, void, undefined> {
    const visit = this.#visit(session, signal);
    if ((await visit.tokens.way()) === 'rpc') {
      if (yield* this.#byRpc(visit)) return;
      // The way that worked last is gone: the others are looked for anew.
      await visit.tokens.logInAnew();
    }
    const closed = yield* this.#byRest(visit, from);
    if (closed !== null && !(yield* this.#byRpc(visit))) throw closed;
  }

  override bookingPages(
    session: CrmSession,
    window: BookingWindow,
    signal: AbortSignal,
  ): AsyncGenerator<BookingPage, void, undefined> {
    return bookingPages(this.#visit(session, signal), window, this.#settings.maxPages);
  }

  override readBookings(
    session: CrmSession,
    records: readonly unknown[],
    timezone: string | null,
    signal: AbortSignal,
  ): Promise<BookingPage> {
    return bookingsOf(this.#visit(session, signal), records, timezone);
  }

  override clientFields(
    session: CrmSession,
    externalIds: readonly string[],
    signal: AbortSignal,
  ): ReturnType<CrmProvider['clientFields']> {
    return clientFields(this.#visit(session, signal), externalIds);
  }

  override clientLooks(
    session: CrmSession,
    externalIds: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<[externalId: string, look: ClientLook], void, undefined> {
    return lookAtClients(this.#visit(session, signal), externalIds);
  }

  override client(session: CrmSession, externalId: string, signal: AbortSignal): Promise<ClientRead> {
    return readOneClient(this.#visit(session, signal), externalId);
  }

  override booking(
    session: CrmSession,
    externalId: string,
    window: Pick<BookingWindow, 'since' | 'timezone'>,
    signal: AbortSignal,
  ): Promise<BookingRead> {
    return readOneBooking(this.#visit(session, signal), externalId, window);
  }

  override registerWebhooks(
    session: CrmSession,
    address: string,
    ours: string,
    signal: AbortSignal,
  ): Promise<string[] | null> {
    return registerWebhooks(this.#visit(session, signal), address, ours);
  }

  override removeWebhooks(session: CrmSession, ours: string, signal: AbortSignal): Promise<void> {
    return removeWebhooks(this.#visit(session, signal), ours);
  }

  override readDelivery(body: Record<string, unknown>): CrmDelivery {
    return readDelivery(body);
  }

  override async check(session: CrmSession, signal: AbortSignal): Promise<CrmReport> {
    return checkWays(() => this.#visit(session, signal));
  }

  /** False when JSON-RPC turned out to be no way before it gave anything. */
  async *#byRpc(visit: Visit): AsyncGenerator<ClientPage, boolean, undefined> {
    try {
      for await (const page of rpcClientPages(visit.rpc, this.#settings)) {
        await visit.rememberRpc();
        yield page;
      }
      return true;
    } catch (error) {
      if (error instanceof RpcClosed && visit.rpc.taken === null) return false;
      throw error;
    }
  }

  /** Why REST turned out to be no way before it gave anything, or null; two lists are never mixed. */
  async *#byRest(
    { rest, rpc }: Visit,
    from?: ListedSoFar,
  ): AsyncGenerator<ClientPage, RestClosed | null, undefined> {
    const listing = new Listing('clients', from);
    for (let requests = 0; requests < this.#settings.maxPages; requests += 1) {
      const listed = await rest.ask(clientsQuestion(listing, ON_PAGE)).catch((error: unknown) => {
        if (error instanceof RestClosed && requests === 0 && rpc.exists) return error;
        throw error;
      });
      if (listed instanceof RestClosed) return listed;
      const taken = listing.take(listed.page, listed.page.records.map(recordKey));
      yield clientPage(listed, taken, listing.cursor);
      if (taken.end !== null) return null;
    }
    throw answerUnusable(`its list of clients had no end after ${this.#settings.maxPages} pages`);
  }

  #wire({ account, pace, takeStep }: CrmLogin, signal: AbortSignal): Wire {
    const settings = this.#settings;
    return {
      rest: this.#rest,
      rpc: this.#rpc,
      settings,
      account: checkedAccount(account),
      pace,
      takeStep,
      signal,
    };
  }

  #visit(session: CrmSession, signal: AbortSignal): Visit {
    return new Visit(this.#wire(session, signal), session);
  }
}

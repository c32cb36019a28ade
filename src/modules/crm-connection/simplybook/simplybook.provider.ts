import { HttpService } from '@nestjs/axios';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { ClientPage } from '../contract.ts';
import {
  CrmProvider,
  type CrmAccount,
  type CrmCheck,
  type CrmSession,
  type CrmToken,
} from '../crm-provider.ts';
import { clientPage, clientsQuestion } from './client-list.ts';
import { recordKey } from './client-record.ts';
import { Listing } from './listing.ts';
import { answerUnusable } from './refusals.ts';
import { checkRest } from './rest-check.ts';
import { RestHttp } from './rest-http.ts';
import { RestVisit } from './rest-visit.ts';
import { SimplyBookSettings } from './settings.ts';
import { checkedAccount, login } from './sign-in.ts';

/** The vendor's own code asks for as many; the largest that works is not known. */
const ON_PAGE = 100;

/** SimplyBook.me through its REST API v2. */
@Injectable()
export class SimplyBookProvider extends CrmProvider implements OnModuleDestroy {
  readonly #settings: SimplyBookSettings;
  readonly #http: RestHttp;

  constructor(http: HttpService, settings: SimplyBookSettings) {
    super();
    this.#settings = settings;
    this.#http = new RestHttp(http.axiosRef, settings);
  }

  onModuleDestroy(): void {
    this.#http.close();
  }

  override async signIn(
    account: CrmAccount,
    pace: CrmSession['pace'],
    signal: AbortSignal,
  ): Promise<CrmToken> {
    return login({
      http: this.#http,
      settings: this.#settings,
      account: checkedAccount(account),
      pace,
      signal,
    });
  }

  override async *clientPages(
    session: CrmSession,
    signal: AbortSignal,
  ): AsyncGenerator<ClientPage, void, undefined> {
    const visit = this.#visit(session, signal);
    const listing = new Listing();
    for (let requests = 0; requests < this.#settings.maxPages; requests += 1) {
      const listed = await visit.ask(clientsQuestion(listing, ON_PAGE));
      const taken = listing.take(listed.page, listed.page.records.map(recordKey));
      yield clientPage(listed, taken);
      if (taken.end !== null) return;
    }
    throw answerUnusable(`its list of clients had no end after ${this.#settings.maxPages} pages`);
  }

  override async check(session: CrmSession, signal: AbortSignal): Promise<CrmCheck[]> {
    return checkRest(() => this.#visit(session, signal), session.account.domain);
  }

  #visit(session: CrmSession, signal: AbortSignal): RestVisit {
    return new RestVisit(this.#http, this.#settings, session, signal);
  }
}

import { randomUUID } from 'node:crypto';
import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { Refusal } from '../../shared/errors.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { connect, connection, connectionStream } from './connection.decider.ts';
import { Connecting } from './connecting.store.ts';
import { ConnectionSecrets } from './connection-secrets.store.ts';
import { Connections } from './connections.read-model.ts';
import type { Connection } from './contract.ts';
import { CrmProvider, signInDeadline } from './crm-provider.ts';
import type { CrmAccount } from './crm-provider.ts';
import { scheduleOf } from './schedule/wanted-schedule.ts';
import type { WantedSchedule } from './schedule/wanted-schedule.ts';
import { SharedFailures } from './shared-failures.ts';

export type NewConnection = {
  company: string;
  login: string;
  secret: string;
  /** Base32: what the user's authenticator app was set up with. */
  totpSecret: string | null;
  name: string | null;
  domain: string | null;
  timezone: string | null;
  country: string | null;
  clientFields: boolean;
  clientsWithoutEmail: 'quarantine' | 'import';
  schedule: WantedSchedule | null;
};

/** Signs in once with these credentials and keeps them. Wrong ones are refused and nothing is stored. */
export class ConnectCrm extends Command<Connection> {
  constructor(
    readonly given: NewConnection,
    readonly by: Caller,
  ) {
    super();
  }
}

const PROVIDER = 'simplybook';
const DEFAULT_DOMAIN = 'simplybook.me';

@CommandHandler(ConnectCrm)
export class ConnectCrmHandler implements ICommandHandler<ConnectCrm> {
  constructor(
    private readonly provider: CrmProvider,
    private readonly events: EventStore,
    private readonly secrets: ConnectionSecrets,
    private readonly connections: Connections,
    private readonly connecting: Connecting,
    private readonly failures: SharedFailures,
  ) {}

  async execute({ given, by }: ConnectCrm): Promise<Connection> {
    const company = given.company.trim().toLowerCase();
    const domain = given.domain?.trim().toLowerCase() ?? DEFAULT_DOMAIN;
    const { login, secret, totpSecret } = given;
    const account = { company, login, secret, totpSecret, domain };
    await this.refuseSecond(domain, company);
    const signal = signInDeadline();
    const connect = (): Promise<Connection> => this.connect(account, given, by, signal);
    return this.failures.share([PROVIDER, account], () =>
      this.connecting.exclusively(PROVIDER, company, connect, signal),
    );
  }

  private async connect(
    account: CrmAccount,
    given: NewConnection,
    by: Caller,
    signal: AbortSignal,
  ): Promise<Connection> {
    const { company, login, secret, totpSecret } = account;
    await this.refuseSecond(account.domain, company);
    const steps = new Steps();
    const token = await this.provider.signIn({ account, pace: unpaced, takeStep: steps.take }, signal);
    const domain = token.domain ?? account.domain;
    const connectionId = randomUUID();
    const { timezone, country, clientsWithoutEmail, clientFields } = given;
    const facts = {
      connectionId,
      provider: PROVIDER,
      company,
      domain,
      timezone,
      country,
      clientsWithoutEmail,
      clientFields,
    } as const;
    await this.events.transaction(async () => {
      await this.refuseSecond(domain, company);
      await this.secrets.put(connectionId, { secret, totpSecret }, token, steps.last);
      const decide = connect(
        facts,
        { name: given.name ?? company, login },
        scheduleOf(given.schedule, timezone),
      );
      const decided = decision(connectionStream(connectionId), connection, decide);
      await this.events.transact([decided], { ...by, causationId: null });
    });
    return (await this.connections.one(connectionId))!;
  }

  private async refuseSecond(domain: string, company: string): Promise<void> {
    const existing = await this.connections.toCompany(PROVIDER, domain, company);
    if (existing === undefined) return;
    throw new Refusal(
      'conflict',
      'crm-already-connected',
      `The company ${company} is connected already. Use that connection, replace its credentials, or disconnect it first.`,
      { members: { connectionId: existing.id } },
    );
  }
}

/** A single login needs no place in the line. */
const unpaced = (): Promise<void> => Promise.resolve();

/** The time steps of the authenticator that this login has used: nobody else can have used one yet. */
class Steps {
  last: number | null = null;

  readonly take = async (step: number): Promise<boolean> => {
    if (this.last !== null && step <= this.last) return false;
    this.last = step;
    return true;
  };
}

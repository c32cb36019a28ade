import { randomUUID } from 'node:crypto';
import { Command, CommandHandler } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { Refusal } from '../../shared/errors.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { connect, connection, connectionStream } from './connection.decider.ts';
import { ConnectionSecrets } from './connection-secrets.store.ts';
import { Connections } from './connections.read-model.ts';
import type { Connection } from './contract.ts';
import { CrmProvider, signInDeadline } from './crm-provider.ts';

export type NewConnection = {
  company: string;
  login: string;
  secret: string;
  name: string | null;
  domain: string | null;
  timezone: string | null;
  clientsWithoutEmail: 'quarantine' | 'import';
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
  ) {}

  async execute({ given, by }: ConnectCrm): Promise<Connection> {
    const { login, secret, timezone, clientsWithoutEmail } = given;
    const company = given.company.trim().toLowerCase();
    const asked = given.domain?.trim().toLowerCase() ?? DEFAULT_DOMAIN;
    await this.refuseSecond(asked, company);
    const account = { company, login, secret, domain: asked };
    const token = await this.provider.signIn(account, unpaced, signInDeadline());
    const domain = token.domain ?? asked;
    const connectionId = randomUUID();
    const facts = {
      connectionId,
      provider: PROVIDER,
      company,
      domain,
      timezone,
      clientsWithoutEmail,
    } as const;
    const labels = { name: given.name ?? company, login };
    await this.events.transaction(async () => {
      await this.refuseSecond(domain, company);
      await this.secrets.put(connectionId, secret, token);
      const meta = { ...by, causationId: null };
      const decided = decision(connectionStream(connectionId), connection, connect(facts, labels));
      await this.events.transact([decided], meta);
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

import { Command, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { connection, connectionStream, replaceCredentials } from './connection.decider.ts';
import { ConnectionSecrets } from './connection-secrets.store.ts';
import { GetConnection, connectionDisconnected } from './contract.ts';
import type { Connection } from './contract.ts';
import { CrmProvider, signInDeadline } from './crm-provider.ts';

/** Signs in once with the new credentials and keeps them instead of the old ones. Wrong ones change nothing. */
export class ReplaceCredentials extends Command<Connection> {
  constructor(
    readonly connectionId: string,
    readonly login: string | null,
    readonly secret: string,
    readonly by: Caller,
  ) {
    super();
  }
}

@CommandHandler(ReplaceCredentials)
export class ReplaceCredentialsHandler implements ICommandHandler<ReplaceCredentials> {
  constructor(
    private readonly queries: QueryBus,
    private readonly provider: CrmProvider,
    private readonly events: EventStore,
    private readonly secrets: ConnectionSecrets,
  ) {}

  async execute({ connectionId, login: newLogin, secret, by }: ReplaceCredentials): Promise<Connection> {
    const {
      company,
      domain,
      login: oldLogin,
      status,
    } = await this.queries.execute(new GetConnection(connectionId));
    if (status === 'disconnected') throw connectionDisconnected();
    const login = newLogin ?? oldLogin;
    const pace = (signal: AbortSignal): Promise<void> => this.secrets.pace(connectionId, signal);
    const account = { company, login, secret, domain };
    const token = await this.provider.signIn(account, pace, signInDeadline());
    await this.events.transaction(async () => {
      await this.secrets.put(connectionId, secret, token);
      const decided = decision(
        connectionStream(connectionId),
        connection,
        replaceCredentials(connectionId, login),
      );
      await this.events.transact([decided], { ...by, causationId: null });
    });
    return this.queries.execute(new GetConnection(connectionId));
  }
}

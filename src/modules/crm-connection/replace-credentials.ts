import { Command, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import type { Caller } from '../../shared/caller.ts';
import { decision } from '../../shared/event-store/decider.ts';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { SealBroken } from '../../shared/secrets.ts';
import { connection, connectionStream, replaceCredentials } from './connection.decider.ts';
import { ConnectionSecrets } from './connection-secrets.store.ts';
import type { Credentials } from './connection-secrets.store.ts';
import { ConnectionTokens } from './connection-tokens.store.ts';
import { GetConnection, connectionDisconnected } from './contract.ts';
import type { Connection } from './contract.ts';
import { CrmProvider, signInDeadline } from './crm-provider.ts';
import type { CrmAccount } from './crm-provider.ts';
import { SharedFailures } from './shared-failures.ts';

/** Signs in with the new credentials and keeps them instead of the old ones. Wrong ones change nothing. */
export class ReplaceCredentials extends Command<Connection> {
  constructor(
    readonly connectionId: string,
    /** Null: the one in use. */
    readonly login: string | null,
    readonly secret: string,
    /** Undefined: the one in use, if any; null: none. */
    readonly totpSecret: string | null | undefined,
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
    private readonly tokens: ConnectionTokens,
    private readonly failures: SharedFailures,
  ) {}

  async execute(command: ReplaceCredentials): Promise<Connection> {
    const { connectionId, secret, by } = command;
    const found = await this.queries.execute(new GetConnection(connectionId));
    if (found.status === 'disconnected') throw connectionDisconnected();
    const { company, domain } = found;
    const old = await this.oldCredentials(connectionId);
    const login = command.login ?? found.login;
    const totpSecret = command.totpSecret === undefined ? (old?.totpSecret ?? null) : command.totpSecret;
    const account = { company, login, secret, totpSecret, domain };
    const isSame = login === found.login && secret === old?.secret && totpSecret === old.totpSecret;
    const signal = signInDeadline();
    const replace = async (): Promise<void> => {
      if (isSame) await this.tokens.mayLogIn(connectionId, 'token');
      await this.replace(connectionId, account, by, signal);
    };
    await this.failures.share([connectionId, account], () =>
      this.tokens.exclusively(connectionId, replace, { counts: isSame, signal }),
    );
    return this.queries.execute(new GetConnection(connectionId));
  }

  /** Null when they cannot be opened any more: new ones are what mends that. */
  private async oldCredentials(connectionId: string): Promise<Credentials | null> {
    try {
      return await this.secrets.credentials(connectionId);
    } catch (error) {
      if (error instanceof SealBroken) return null;
      throw error;
    }
  }

  private async replace(
    connectionId: string,
    account: CrmAccount,
    by: Caller,
    signal: AbortSignal,
  ): Promise<void> {
    const { login, secret, totpSecret } = account;
    const pace = (until: AbortSignal): Promise<void> => this.secrets.pace(connectionId, until);
    const takeStep = (step: number): Promise<boolean> => this.secrets.takeStep(connectionId, step);
    const token = await this.provider.signIn({ account, pace, takeStep }, signal);
    const decide = replaceCredentials(connectionId, login);
    await this.events.transaction(async () => {
      const decided = decision(connectionStream(connectionId), connection, decide);
      const recorded = await this.events.transact([decided], { ...by, causationId: null });
      // Disconnected while we signed in: nothing of these credentials is kept.
      if (recorded.flat().length === 0) throw connectionDisconnected();
      await this.secrets.put(connectionId, { secret, totpSecret }, token);
    });
  }
}

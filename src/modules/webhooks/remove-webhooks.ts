import { Logger } from '@nestjs/common';
import { CommandBus, CommandHandler, QueryBus } from '@nestjs/cqrs';
import type { ICommandHandler } from '@nestjs/cqrs';
import { GetConnection } from '../crm-connection/contract.ts';
import { CrmWebhooks, ForgetWebhooks, RemoveWebhooks } from './contract.ts';
import { pathOf } from './register-webhooks.ts';

const WITHIN = 10_000; // ms

@CommandHandler(RemoveWebhooks)
export class RemoveWebhooksHandler implements ICommandHandler<RemoveWebhooks> {
  private readonly log = new Logger(RemoveWebhooks.name);

  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly crm: CrmWebhooks,
  ) {}

  /** Here first: whatever the CRM still sends finds no address any more. */
  async execute({ connectionId, by }: RemoveWebhooks): Promise<void> {
    const { status } = await this.queries.execute(new GetConnection(connectionId));
    const were = await this.commands.execute(new ForgetWebhooks(connectionId, by));
    if (were && status === 'connected') await this.removeThere(connectionId);
  }

  private async removeThere(connectionId: string): Promise<void> {
    try {
      await this.crm.remove(connectionId, pathOf(connectionId), AbortSignal.timeout(WITHIN));
    } catch (error) {
      this.log.warn(
        { err: error, connectionId },
        'the webhooks could not be taken off the register of the CRM',
      );
    }
  }
}

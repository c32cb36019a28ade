import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '../../shared/event-store/event-store.ts';
import { CrmConnectionModule } from '../crm-connection/crm-connection.module.ts';
import { ForgetWebhooksHandler } from './forget-webhooks.ts';
import { HookGuard } from './hook.guard.ts';
import { HookLimits } from './hook-limits.ts';
import { HooksController } from './hooks.controller.ts';
import { LookAtRecord } from './look-at-record.ts';
import { LookLock } from './look-lock.store.ts';
import { LookPauses } from './look-pauses.store.ts';
import { LookQueue } from './look-queue.ts';
import { LookWorker } from './look-worker.ts';
import { HoldLooksHandler, LookAgainHandler, SaidToBeGoneHandler } from './looks-of-runs.ts';
import { Looks } from './looks.store.ts';
import { ReceiveHookHandler } from './receive-hook.ts';
import { RegisterWebhooksHandler } from './register-webhooks.ts';
import { RemoveWebhooksHandler } from './remove-webhooks.ts';
import { WebhookMetrics } from './webhook-metrics.read-model.ts';
import { WebhookTokens } from './webhook-tokens.store.ts';
import { WebhooksController } from './webhooks.controller.ts';
import { WebhookList } from './webhooks.read-model.ts';

/** What the CRM tells us by itself: a hint that makes us look, and nothing to be believed. */
@Module({
  imports: [CqrsModule, CrmConnectionModule],
  controllers: [HooksController, WebhooksController],
  providers: [
    ReceiveHookHandler,
    RegisterWebhooksHandler,
    RemoveWebhooksHandler,
    ForgetWebhooksHandler,
    HoldLooksHandler,
    LookAgainHandler,
    SaidToBeGoneHandler,
    HookGuard,
    HookLimits,
    WebhookTokens,
    WebhookMetrics,
    WebhookList,
    Looks,
    LookLock,
    LookPauses,
    LookQueue,
    LookWorker,
    LookAtRecord,
  ],
})
export class WebhooksModule {
  constructor(events: EventStore, webhooks: WebhookList) {
    events.subscribe(webhooks);
  }
}

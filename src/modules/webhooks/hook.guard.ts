import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Refusal } from '../../shared/errors.ts';
import type { EdgeRequest } from '../../shared/http/edge-request.ts';
import { HookLimits } from './hook-limits.ts';
import { WebhookTokens } from './webhook-tokens.store.ts';

type HookRequest = EdgeRequest & { params: Record<string, unknown> };

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** What anybody is told who does not know a right address, whatever is wrong with it. */
export const noSuchHook = (): Refusal =>
  new Refusal('not-found', 'not-found', 'There is nothing at this address.');

/** The token in the address is the key: it is looked at before anything of the body is. */
@Injectable()
export class HookGuard implements CanActivate {
  constructor(
    private readonly tokens: WebhookTokens,
    private readonly limits: HookLimits,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { params, socket } = context.switchToHttp().getRequest<HookRequest>();
    const { connectionId, token } = params;
    const address = socket.remoteAddress ?? '';
    this.limits.letAsk(address);
    if (!(await this.opens(connectionId, token))) {
      this.limits.missed(address);
      throw noSuchHook();
    }
    this.limits.delivery(String(connectionId).toLowerCase());
    return true;
  }

  private async opens(connectionId: unknown, token: unknown): Promise<boolean> {
    if (typeof connectionId !== 'string' || typeof token !== 'string') return false;
    return UUID.test(connectionId) && TOKEN.test(token) && this.tokens.open(connectionId, token);
  }
}

import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Refusal } from '../../shared/errors.ts';
import { bearerToken } from '../../shared/http/bearer-token.ts';
import type { EdgeRequest } from '../../shared/http/edge-request.ts';
import { IsPublic } from '../../shared/http/public.ts';
import { ApiKey } from './api-key.ts';

/** Lets in who shows the key; anybody on routes that are `@Public()`. An absent key and a wrong one look the same. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly key: ApiKey,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.getAllAndOverride(IsPublic, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    if (!this.key.matches(bearerToken(request) ?? '')) {
      throw new Refusal(
        'unauthenticated',
        'unauthenticated',
        'This needs a valid key: send "Authorization: Bearer <key>" with the key crm-sync printed at its first start, or the one in CRM_SYNC_API_KEY.',
      );
    }
    request.caller = { actor: 'key:admin', correlationId: request.correlationId };
    return true;
  }
}

import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Refusal } from '../../shared/errors.ts';
import { bearerToken } from '../../shared/http/bearer-token.ts';
import type { EdgeRequest } from '../../shared/http/edge-request.ts';
import { IsPublic } from '../../shared/http/public.ts';
import { ADMIN, ApiKey } from './api-key.ts';
import { sessionToken } from './session-cookie.ts';
import { Sessions } from './sessions.ts';

/**
 * Lets in who shows the key, or the cookie of a session; anybody on routes that are `@Public()`. An absent key and a wrong
 * one look the same. That a browser sends the cookie only for our own pages is seen to before: by the cookie itself
 * (SameSite) and, for whatever changes something, by the check of Sec-Fetch-Site and Origin (create-app.ts).
 */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  constructor(
    private readonly key: ApiKey,
    private readonly sessions: Sessions,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride(IsPublic, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    const credential = await this.credentialOf(request);
    if (credential === null) {
      throw new Refusal(
        'unauthenticated',
        'unauthenticated',
        'This needs a valid key: send "Authorization: Bearer <key>" with the key crm-sync printed at its first start, or the one in CRM_SYNC_API_KEY.',
      );
    }
    request.credential = credential;
    request.caller = { actor: ADMIN, correlationId: request.correlationId };
    return true;
  }

  /** A wrong key is not made good by a cookie beside it. */
  private async credentialOf(request: EdgeRequest): Promise<string | null> {
    if (request.headers.authorization !== undefined) {
      const key = bearerToken(request) ?? '';
      return this.key.matches(key) ? key : null;
    }
    const token = sessionToken(request);
    return token !== null && (await this.sessions.find(token)) !== null ? token : null;
  }
}

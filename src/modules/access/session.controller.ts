import { Body, Controller, Delete, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Caller } from '../../shared/caller.ts';
import { Refusal } from '../../shared/errors.ts';
import { CurrentCaller } from '../../shared/http/current-caller.ts';
import type { EdgeRequest, EdgeResponse } from '../../shared/http/edge-request.ts';
import { Problems } from '../../shared/http/problems.ts';
import { Public } from '../../shared/http/public.ts';
import { ADMIN } from './api-key.ts';
import { SessionCookie, sessionToken } from './session-cookie.ts';
import { SessionDto, SignInDto } from './session.dto.ts';
import { Sessions } from './sessions.ts';

/** For browsers: a cookie that stands for the key. Programs send the key itself. */
@ApiTags('session')
@Controller('api/session')
export class SessionController {
  constructor(
    private readonly sessions: Sessions,
    private readonly cookie: SessionCookie,
  ) {}

  /** Signs a browser in, by a key or by the code of a one-time link. The answer sets the cookie. */
  @Post()
  @Public()
  @Problems('unauthenticated')
  async signIn(
    @Body() { key, code }: SignInDto,
    @Res({ passthrough: true }) response: EdgeResponse,
  ): Promise<SessionDto> {
    if ((key === undefined) === (code === undefined)) throw oneOfTwo();
    const session =
      key === undefined ? await this.sessions.openByCode(code ?? '') : await this.sessions.openByKey(key);
    if (session === null) throw key === undefined ? usedUp() : wrongKey();
    response.setHeader('Set-Cookie', this.cookie.of(session));
    return { actor: ADMIN, expiresAt: session.expiresAt };
  }

  /** Who is asking, and until when. */
  @Get()
  async one(@CurrentCaller() { actor }: Caller, @Req() request: EdgeRequest): Promise<SessionDto> {
    const token = request.headers.authorization === undefined ? sessionToken(request) : null;
    return { actor, expiresAt: token === null ? null : await this.sessions.find(token) };
  }

  /** Signs the browser out: its cookie is worth nothing from now on. */
  @Delete()
  @Public()
  @HttpCode(204)
  async signOut(
    @Req() request: EdgeRequest,
    @Res({ passthrough: true }) response: EdgeResponse,
  ): Promise<void> {
    const token = sessionToken(request);
    if (token !== null) await this.sessions.close(token);
    response.setHeader('Set-Cookie', this.cookie.none());
  }
}

const oneOfTwo = (): Refusal =>
  new Refusal('invalid', 'invalid-request', 'Send either a key or the code of a sign-in link.', {
    errors: [{ pointer: '/key', detail: 'is needed, or a code instead of it' }],
  });

const wrongKey = (): Refusal =>
  new Refusal(
    'unauthenticated',
    'unauthenticated',
    'This is not the API key. It is the one that crm-sync printed at its first start, kept in the data directory as "api-key", or the one in CRM_SYNC_API_KEY.',
  );

const usedUp = (): Refusal =>
  new Refusal(
    'unauthenticated',
    'sign-in-link-used-up',
    'This link does not work any more: it signs in once, within an hour of the start. Sign in with the API key, or restart crm-sync for a new link.',
  );

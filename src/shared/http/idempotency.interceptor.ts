import { createHmac, createSecretKey, hkdfSync, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Injectable, StreamableFile } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { PinoLogger } from 'nestjs-pino';
import { lastValueFrom, of } from 'rxjs';
import type { Observable } from 'rxjs';
import { z } from 'zod';
import { Refusal } from '../errors.ts';
import { decrypt, encrypt } from '../secrets.ts';
import { pathOf, searchOf } from './edge-request.ts';
import type { EdgeRequest, EdgeResponse } from './edge-request.ts';
import { IdempotencyStore } from './idempotency.store.ts';
import type { Attempt } from './idempotency.store.ts';
import { problemDocument, problemOf } from './problem-details.ts';

const ANSWER = z.object({
  status: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.unknown(),
});
type Answer = z.infer<typeof ANSWER>;

const HEADER = 'idempotency-key';
const PRINTABLE = /^[\x20-\x7e]{1,255}$/;
/** Milliseconds; well below the store's lease. */
const RENEW_EVERY = 20_000;
const RETRY_AFTER = 5;
const JSON_TYPE = 'application/json; charset=utf-8';
const KEPT_HEADERS = ['Content-Type', 'Location', 'Retry-After', 'ETag'];

/**
 * `Idempotency-Key` on every POST below /api (draft-ietf-httpapi-idempotency-key-header): the same request with the same
 * key is served once, and answered alike for 24 hours. Refusals are kept too, but nothing that says "try again" (5xx,
 * Retry-After). When a process dies between its effect and the note of it, the next attempt runs again after a minute.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly store: IdempotencyStore,
    private readonly logger: PinoLogger,
  ) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<EdgeRequest>();
    const response = context.switchToHttp().getResponse<EdgeResponse>();
    const key = request.method === 'POST' && pathOf(request).startsWith('/api/') ? keyOf(request) : null;
    const { caller, credential } = request;
    if (key === null || caller === undefined || credential === undefined) return next.handle();
    const { sealing, fingerprint } = derived(credential, request);
    const attempt = { actor: caller.actor, key, fingerprint, holder: randomUUID() };
    const claim = await this.store.claim(attempt);
    if (claim.outcome === 'mine') return of(await this.serve(attempt, sealing, { request, response, next }));
    if (claim.outcome === 'answered') return of(replay(open(sealing, attempt, claim.answer), response));
    throw claim.outcome === 'running' ? inUse() : reused();
  }

  private async serve(
    attempt: Attempt,
    sealing: KeyObject,
    { request, response, next }: { request: EdgeRequest; response: EdgeResponse; next: CallHandler },
  ): Promise<unknown> {
    const renewing = setInterval(() => void this.quietly(this.store.renew(attempt)), RENEW_EVERY);
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      const answer = { status: response.statusCode, headers: headersOf(response), body };
      await this.quietly(this.store.finish(attempt, seal(sealing, attempt, answer)));
      return body;
    } catch (error) {
      const answer = lasting(error, request);
      await this.quietly(
        answer === null
          ? this.store.release(attempt)
          : this.store.finish(attempt, seal(sealing, attempt, answer)),
      );
      throw error;
    } finally {
      clearInterval(renewing);
    }
  }

  /** The answer is right even when it cannot be noted; the lease then runs out. */
  private async quietly(noting: Promise<void>): Promise<void> {
    try {
      await noting;
    } catch (error) {
      this.logger.warn({ err: error }, 'an idempotency key could not be noted');
    }
  }
}

/** Null: none was sent. The draft writes it as a quoted string; without the quotes it is taken as well. */
const keyOf = (request: EdgeRequest): string | null => {
  const sent = request.headersDistinct[HEADER];
  if (sent === undefined) return null;
  const key = sent[0]?.replace(/^"(.*)"$/, '$1') ?? '';
  if (sent.length === 1 && PRINTABLE.test(key)) return key;
  const detail = 'Idempotency-Key must be one text of 1 to 255 printable ASCII characters.';
  throw new Refusal('invalid', 'idempotency-key-invalid', detail);
};

/** Both come from what the caller has shown, so that the database alone tells nothing about requests and answers. */
const derived = (credential: string, request: EdgeRequest): { sealing: KeyObject; fingerprint: Buffer } => {
  const bytes = Buffer.from(hkdfSync('sha256', credential, '', 'crm-sync idempotency', 64));
  const fingerprint = createHmac('sha256', bytes.subarray(0, 32))
    .update(`${request.method}\n${pathOf(request)}\n${searchOf(request)}\n`)
    .update(request.rawBody ?? '')
    .digest();
  return { sealing: createSecretKey(bytes.subarray(32)), fingerprint };
};

const place = ({ actor, key }: Attempt): string => `idempotency|${actor}|${key}`;

const seal = (sealing: KeyObject, attempt: Attempt, answer: Answer): Buffer =>
  encrypt(sealing, JSON.stringify(answer), place(attempt));

const open = (sealing: KeyObject, attempt: Attempt, sealed: Buffer): Answer =>
  ANSWER.parse(JSON.parse(decrypt(sealing, sealed, place(attempt)).toString()));

const headersOf = (response: EdgeResponse): Record<string, string> =>
  Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = response.getHeader(name);
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );

/** The answer to keep for a request that was refused; null when another try can end differently. */
const lasting = (error: unknown, request: EdgeRequest): Answer | null => {
  const problem = problemOf(error);
  if (problem.status >= 500 || problem.headers['Retry-After'] !== undefined) return null;
  return {
    status: problem.status,
    headers: { ...problem.headers, 'Content-Type': 'application/problem+json' },
    body: problemDocument(problem, pathOf(request), request.correlationId),
  };
};

const replay = ({ status, headers, body }: Answer, response: EdgeResponse): unknown => {
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader('Idempotency-Replayed', 'true');
  // As bytes: Express would add a charset to the type of a problem document.
  return body === undefined
    ? undefined
    : new StreamableFile(Buffer.from(JSON.stringify(body)), { type: JSON_TYPE });
};

const inUse = (): Refusal =>
  new Refusal(
    'conflict',
    'idempotency-key-in-use',
    'The request with this Idempotency-Key is still being served. Ask again soon.',
    { retryAfter: RETRY_AFTER },
  );

const reused = (): Refusal =>
  new Refusal(
    'unprocessable',
    'idempotency-key-reused',
    'This Idempotency-Key was sent with another request before. Use a new key for a new request.',
  );

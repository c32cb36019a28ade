import { describe, expect, it } from '@jest/globals';
import { BadRequestException, ForbiddenException, NotFoundException } from '@nestjs/common';
import { Refusal } from '../../src/shared/errors.ts';
import type { RefusalKind } from '../../src/shared/errors.ts';
import { problemDocument, problemOf } from '../../src/shared/http/problem-details.ts';

const CANARY = 'canary@example.test';
const failing = (properties: object, message = CANARY): Error =>
  Object.assign(new Error(message), properties);

describe('a refusal', () => {
  it.each<[RefusalKind, number]>([
    ['invalid', 400],
    ['unauthenticated', 401],
    ['not-found', 404],
    ['conflict', 409],
    ['unprocessable', 422],
    ['bad-gateway', 502],
    ['unavailable', 503],
  ])('of kind %s is answered with %i', (kind, status) => {
    expect(problemOf(new Refusal(kind, 'some-code', 'Why.'))).toMatchObject({
      status,
      code: 'some-code',
      detail: 'Why.',
    });
  });

  it('becomes a problem document with everything it says', () => {
    const refusal = new Refusal('bad-gateway', 'crm-unreachable', 'The CRM does not answer.', {
      members: { success: false, runId: 'r', status: 200, type: 'overridden' },
      errors: [{ pointer: '/company', detail: 'is unknown' }],
      retryAfter: 2.2,
    });
    const problem = problemOf(refusal);
    expect(problem.headers).toEqual({ 'Retry-After': '3' });
    expect(problemDocument(problem, '/api/connections', 'c-1')).toEqual({
      success: false,
      runId: 'r',
      type: 'tag:crm-sync,2026:problems/crm-unreachable',
      title: 'CRM unreachable',
      status: 502,
      detail: 'The CRM does not answer.',
      instance: '/api/connections',
      errors: [{ pointer: '/company', detail: 'is unknown' }],
      correlationId: 'c-1',
    });
  });

  it('for want of a key asks for one', () => {
    expect(problemOf(new Refusal('unauthenticated', 'unauthenticated', 'No key.')).headers).toEqual({
      'WWW-Authenticate': 'Bearer',
    });
  });

  it('shows an address that is harmless wherever it is shown', () => {
    const { instance } = problemDocument(problemOf(null), `/a"<script>\u0000\ud800${'x'.repeat(1000)}`, 'c');
    expect(instance).toMatch(/^\/a%22%3Cscript%3E%00%EF%BF%BDx+$/);
    expect(String(instance).length).toBeLessThan(600);
  });
});

describe('an error nobody meant', () => {
  it.each([
    ['refused', failing({ code: 'ECONNREFUSED' })],
    ['refused on every address', new AggregateError([failing({ code: 'ECONNREFUSED' })])],
    ['terminated by the administrator', failing({ code: '57P01' })],
    ['terminated', failing({}, 'Connection terminated unexpectedly')],
    ['not to be had in time', failing({}, 'timeout exceeded when trying to connect')],
    ['gone, says the ORM', new Error('outer', { cause: failing({ code: '08006' }) })],
    ['in a deadlock', failing({ code: '40P01' })],
  ])('means 503 when the database is %s', (_, error) => {
    expect(problemOf(error)).toMatchObject({
      status: 503,
      code: 'database-unavailable',
      headers: { 'Retry-After': '5' },
    });
  });

  it.each([
    ['a unique violation', failing({ code: '23505' })],
    ['a text', CANARY],
    ['nothing', undefined],
    ['a TypeError', new TypeError(CANARY)],
    ['a database that is mentioned only', failing({}, `It says: Connection terminated ${CANARY}`)],
  ])('means 500 for %s', (_, error) => {
    expect(problemOf(error)).toMatchObject({ status: 500, code: 'internal-error' });
  });

  it.each([
    new Error(CANARY),
    failing({ code: '57P01' }),
    new BadRequestException(CANARY),
    new NotFoundException(CANARY),
  ])('tells nothing of its message', (error) => {
    expect(JSON.stringify(problemDocument(problemOf(error), '/', 'c'))).not.toContain(CANARY);
  });

  it('keeps the meaning of what the framework refuses', () => {
    expect(problemOf(new NotFoundException()).status).toBe(404);
    expect(problemOf(new ForbiddenException()).status).toBe(403);
    expect(problemOf(new BadRequestException()).status).toBe(400);
  });
});

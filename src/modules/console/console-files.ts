import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Where `vite build` leaves the console, beside the service's own code. */
const FOLDER = join(import.meta.dirname, '..', '..', 'web');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const COMPRESSED = new Set(['.woff2']);
const NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/;

export type ConsoleFile = { type: string; bytes: Buffer; gzipped: Buffer | null };

const files = new Map<string, ConsoleFile>();

/** A file of the built console, kept once it has been read; null where there is none. */
export const consoleFile = (folder: '' | 'assets', name: string): ConsoleFile | null => {
  if (!NAME.test(name)) return null;
  const path = join(FOLDER, folder, name);
  const known = files.get(path);
  if (known !== undefined) return known;
  const type = TYPES[extname(name)];
  const bytes = type === undefined ? null : read(path);
  if (type === undefined || bytes === null) return null;
  const file = { type, bytes, gzipped: COMPRESSED.has(extname(name)) ? null : gzipSync(bytes) };
  files.set(path, file);
  return file;
};

const read = (path: string): Buffer | null => {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
};

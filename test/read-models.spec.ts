import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readModels } from '../src/read-models.ts';
import type { Database } from '../src/shared/database/database.ts';

const MODULES = join(import.meta.dirname, '..', 'src', 'modules');

describe('the list of read models', () => {
  it('has every one that a module feeds', () => {
    const files = readdirSync(MODULES, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.read-model.ts'),
    );
    const fed = files.flatMap((name) => {
      const text = readFileSync(join(MODULES, name), 'utf8');
      return /implements ReadModel</.test(text) ? [/readonly name = '([^']+)'/.exec(text)?.[1]] : [];
    });
    const listed = readModels(null as unknown as Database).map(({ name }) => name);
    expect(fed.length).toBeGreaterThan(5);
    expect(new Set(listed)).toEqual(new Set(fed));
    expect(listed).toHaveLength(fed.length);
  });

  it('names every table once', () => {
    const tables = readModels(null as unknown as Database).flatMap((one) => one.tables);
    expect(new Set(tables).size).toBe(tables.length);
  });
});

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Migration } from '@mikro-orm/migrations';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'migrations');

/** The SQL files of `migrations/` in order of their names, each one a forward-only migration of MikroORM's. */
export const migrations = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sql'))
  .toSorted()
  .map((file) => ({
    name: file.replace(/\.sql$/, ''),
    class: class extends Migration {
      override up(): void {
        this.addSql(readFileSync(join(FOLDER, file), 'utf8'));
      }
    },
  }));

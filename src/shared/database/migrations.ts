import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Migration } from '@mikro-orm/migrations';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'migrations');

/** Whoever works on the database meanwhile waits behind a migration that waits, and for longer (SETTINGS). */
const LONGEST_WAIT = '5s';

/** The SQL files of `migrations/` in order of their names, each one a forward-only migration of MikroORM's. */
export const migrations = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sql'))
  .toSorted()
  .map((file) => ({
    name: file.replace(/\.sql$/, ''),
    class: class extends Migration {
      override up(): void {
        this.addSql(`set local lock_timeout = '${LONGEST_WAIT}'`);
        this.addSql(readFileSync(join(FOLDER, file), 'utf8'));
      }
    },
  }));

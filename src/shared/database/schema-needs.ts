import { migrations } from './migrations.ts';

/**
 * Who may work on a database: whoever knows this migration, which came with this version of crm-sync. A migration that only
 * adds leaves it as it is; one that takes away or changes what older versions use writes its own name (docs/adr/0023).
 */
export type SchemaNeeds = { migration: string; version: string };

/** Null: this version may work on it. Else what is wrong, and what to do about it. */
export const whyOutdated = (
  { migration, version }: SchemaNeeds,
  known: readonly { name: string }[] = migrations,
): string | null =>
  migration === '' || known.some(({ name }) => name === migration)
    ? null
    : `it needs crm-sync ${version} or newer (migration ${migration}), and this one knows no migration after ` +
      `${known.at(-1)?.name}. Update this instance; nothing is lost, the others go on`;

import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Database } from '../database/database.ts';
import { Keyring, randomOnce } from '../secrets.ts';

/**
 * One key per person whose values stand in events. They live in a table, wrapped with the installation's key;
 * destroying one makes that person's values unreadable for ever, while the log and its hashes stay as they are.
 */
@Injectable()
export class SubjectKeys {
  /** Within one transaction a key that was found or made stays the same: a page needs each of its keys twice. */
  private readonly inTransaction = new WeakMap<object, Map<string, KeyObject>>();

  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
  ) {}

  /** The keys of these subjects, made where there are none yet. */
  async ensure(subjects: readonly string[]): Promise<ReadonlyMap<string, KeyObject>> {
    const keys = this.remembered();
    const asked = subjects.filter((subject) => !keys.has(subject));
    for (const [subject, key] of await this.find(asked)) keys.set(subject, key);
    const missing = asked.filter((subject) => !keys.has(subject));
    if (missing.length === 0) return keys;
    const made = new Map(missing.map((subject) => [subject, randomOnce(32)]));
    const wrapped = missing.map((subject) => ({
      subject,
      wrapped_key: this.keyring.seal(made.get(subject)!, place(subject)).toString('base64'),
    }));
    const inserted = await this.database.rows(sql<{ subject: string }>`
      insert into subject_keys (subject, wrapped_key, after_position)
      select subject, decode(wrapped_key, 'base64'), (select position from event_log)
        from jsonb_to_recordset(${JSON.stringify(wrapped)}::jsonb) as k (subject text, wrapped_key text)
      on conflict (subject) do nothing returning subject`);
    for (const { subject } of inserted) keys.set(subject, createSecretKey(made.get(subject)!));
    const lost = missing.filter((subject) => !keys.has(subject));
    for (const [subject, key] of await this.find(lost)) keys.set(subject, key);
    return keys;
  }

  private remembered(): Map<string, KeyObject> {
    const transaction = this.database.current();
    if (transaction === undefined) return new Map();
    const keys = this.inTransaction.get(transaction) ?? new Map<string, KeyObject>();
    this.inTransaction.set(transaction, keys);
    return keys;
  }

  /** Whoever destroys one of them waits for the transaction that has found it: nothing is sealed with a key that is gone. */
  private async find(subjects: readonly string[]): Promise<ReadonlyMap<string, KeyObject>> {
    if (subjects.length === 0) return new Map();
    const rows = await this.database.rows(sql<{ subject: string; wrapped_key: Buffer }>`
      select k.subject, k.wrapped_key from unnest(${subjects}::text[]) as s (subject)
       cross join lateral (select * from subject_keys where subject = s.subject limit 1 for key share) k`);
    return new Map(rows.map((row) => [row.subject, this.unwrap(row.subject, row.wrapped_key)]));
  }

  unwrap(subject: string, wrapped: Buffer): KeyObject {
    return createSecretKey(this.keyring.open(wrapped, place(subject)));
  }
}

const place = (subject: string): string => `subject_keys/${subject}`;

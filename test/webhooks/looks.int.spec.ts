import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Looks } from '../../src/modules/webhooks/looks.store.ts';
import type { LookAt } from '../../src/modules/webhooks/looks.store.ts';
import { openTestStore } from '../shared/event-store-harness.ts';
import type { TestStore } from '../shared/event-store-harness.ts';

const connectionId = 'c0ffee00-0000-4000-8000-000000000001';

let store: TestStore;
let looks: Looks;
beforeAll(async () => {
  store = await openTestStore();
  looks = new Looks(store.database);
});
afterAll(() => store.close());

const at = (externalId: string): LookAt => ({ connectionId, kind: 'client', externalId });
const stateOf = async (externalId: string) =>
  (
    await store.rows(
      'select wanted::int, done::int, due_at is not null as due from looks where external_id = $1',
      [externalId],
    )
  )[0];

it('a look that is given up is wanted no more', async () => {
  await looks.ask(at('1'), 'c');
  const look = (await looks.begin(connectionId))!;
  await looks.giveUp(look);
  expect(await stateOf('1')).toEqual({ wanted: 1, done: 1, due: false });
});

it('a look that was asked for while another one was given up is still to come', async () => {
  await looks.ask(at('2'), 'c');
  const look = (await looks.begin(connectionId))!;
  await looks.ask(at('2'), 'c');
  await looks.giveUp(look);
  expect(await stateOf('2')).toEqual({ wanted: 2, done: 1, due: true });
});

it('a record is asked for once more whether it is known or not', async () => {
  await looks.askAgain(connectionId, 'client', ['2', '3'], 'c');
  expect([await stateOf('2'), await stateOf('3')]).toEqual([
    { wanted: 3, done: 1, due: true },
    { wanted: 1, done: 0, due: true },
  ]);
});

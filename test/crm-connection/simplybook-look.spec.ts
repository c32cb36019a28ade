import { describe, expect, it } from '@jest/globals';
import type { Switches } from '../../sandbox/faults.ts';
import type { ClientLook } from '../../src/modules/crm-connection/contract.ts';
import { meet, meetBoth, never, type Meeting } from './simplybook.ts';

const DELETED = 7;
/** What is told of client 3, who is there, and of client 7, who has been deleted. */
const looks = async (
  { provider, session, sandbox }: Meeting,
  ids: string[] = ['3', String(DELETED)],
): Promise<[string, ClientLook][]> => {
  sandbox.crm.delete(DELETED);
  const told: [string, ClientLook][] = [];
  for await (const one of provider.clientLooks(session, ids, never)) told.push(one);
  return told;
};
const rpcOnly = (switches: Partial<Switches> = {}): Promise<Meeting> =>
  meetBoth({ clients: 23, switches: { restMissing: true, ...switches } });
const rest = (switches: Partial<Switches> = {}): Promise<Meeting> => meet({ clients: 23, switches });

describe('A client that is asked for by its id', () => {
  it.each<[string, Partial<Switches>, ClientLook]>([
    ['not found', {}, 'not-found'],
    ['marked as deleted', { byId: 'marks' }, 'marked-deleted'],
    ['marked with a number', { byId: 'marks', deletedAs: 'number' }, 'marked-deleted'],
    ['marked with true', { byId: 'marks', deletedAs: 'boolean' }, 'marked-deleted'],
    ['in the list still, marked', { listDeleted: true }, 'marked-deleted'],
  ])('is gone where it is %s', async (_, switches, look) => {
    expect(await looks(await rest(switches))).toEqual([
      ['3', 'present'],
      ['7', look],
    ]);
  });

  it.each<[string, Partial<Switches>]>([
    ['the role may not read it', { byId: 'forbidden' }],
    ['there is no such address', { byId: 'missing' }],
    ['the server fails', { troubles: [{ kind: 'status', on: 'client', value: 503 }] }],
    ['a web page comes with status 404', { troubles: [{ kind: 'html', on: 'client', value: 404 }] }],
    ['JSON without a word about clients comes', { troubles: [{ kind: 'body', on: 'client', value: '[]' }] }],
    ['nothing comes', { troubles: [{ kind: 'body', on: 'client' }] }],
    [
      'another client comes',
      { troubles: [{ kind: 'body', on: 'client', value: '{"id":4,"is_deleted":"1"}' }] },
    ],
    ['the connection breaks off', { troubles: [{ kind: 'lost', on: 'client' }] }],
    ['it asks for fewer requests', { troubles: [{ kind: 'rate-limit', on: 'client' }] }],
    ['the record is gone, says status 410', { troubles: [{ kind: 'status', on: 'client', value: 410 }] }],
  ])('is neither there nor gone where %s', async (_, switches) => {
    expect(await looks(await rest(switches))).toEqual([
      ['3', 'unknown'],
      ['7', 'unknown'],
    ]);
  });

  it('is not asked for any more when three in a row have brought nothing', async () => {
    const meeting = await rest({ byId: 'forbidden' });
    expect(await looks(meeting, ['1', '2', '3', '4', '5'])).toHaveLength(3);
    expect(meeting.sandbox.requests.summary().byRoute.client).toBe(3);
  });

  it('is named as it was listed, whatever its id looks like', async () => {
    const meeting = await rest({ ids: 'big' });
    const { ids } = await meeting.list();
    const name = ids.find((id) => id.endsWith(String(9_007_199_254_740_992n + 7n)))!;
    expect(await looks(meeting, [ids[0]!, name])).toEqual([
      [ids[0], 'present'],
      [name, 'not-found'],
    ]);
  });
});

describe('By JSON-RPC a client that is asked for', () => {
  const listed = async (switches: Partial<Switches> = {}): Promise<Meeting> => {
    const meeting = await rpcOnly();
    await meeting.list();
    meeting.sandbox.faults.set(switches);
    return meeting;
  };

  it('is gone where its id is none', async () => {
    expect(await looks(await listed())).toEqual([
      ['3', 'present'],
      ['7', 'not-found'],
    ]);
  });

  it.each<[string, Partial<Switches>]>([
    ['the role may not read it', { byId: 'forbidden' }],
    ['there is no such method', { byId: 'missing' }],
    ['the server fails', { troubles: [{ kind: 'status', value: 503 }] }],
  ])('is neither there nor gone where %s, and nobody logs in for it', async (_, switches) => {
    const meeting = await listed(switches);
    const before = meeting.sandbox.requests.summary().rpcLogins;
    expect(await looks(meeting)).toEqual([
      ['3', 'unknown'],
      ['7', 'unknown'],
    ]);
    expect(meeting.sandbox.requests.summary().rpcLogins).toEqual(before);
  });
});

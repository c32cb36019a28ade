import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { membersOf } from '../../src/modules/webhooks/hook-body.ts';
import { Refusal } from '../../src/shared/errors.ts';

const read = (body: string | Buffer) => ({ ...membersOf(Buffer.from(body as string)) });

const refused = (body: string | Buffer): string => {
  try {
    membersOf(Buffer.from(body as string));
  } catch (error) {
    if (error instanceof Refusal) return error.kind;
    throw error;
  }
  return 'taken';
};

describe('The body of a delivery', () => {
  it.each([
    ['JSON', '{"event":"new_client","client_id":5}', { event: 'new_client', client_id: 5 }],
    ['JSON with a mark before it', '\u{feff} {"client_id":5} ', { client_id: 5 }],
    ['JSON that says it twice', '{"client_id":5,"client_id":6}', { client_id: 6 }],
    ['a form', 'event=new_client&client_id=5', { event: 'new_client', client_id: '5' }],
    [
      'a form of a map',
      'event=new_client&data%5Bclient_id%5D=5',
      { event: 'new_client', 'data[client_id]': '5' },
    ],
    ['an object without members', '{}', {}],
  ])('is %s', (_, body, members) => {
    expect(read(body)).toEqual(members);
  });

  it.each([
    ['nothing', ''],
    ['blanks', ' \n '],
    ['a list', '[{"client_id":5}]'],
    ['a text', '"new_client"'],
    ['a word', 'hello'],
    ['half an object', '{"client_id":'],
    ['ten thousand levels', '{"a":'.repeat(10_000)],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['zeros', '\0\0\0=\0'],
    ['a page', '<html><body class="x">'],
  ])('is not %s', (_, body) => {
    expect(refused(body)).toBe('invalid');
  });

  it('has no member that means more than what was sent', () => {
    const members = membersOf(Buffer.from('{"__proto__":{"client_id":1},"constructor":2,"toString":3}'));
    expect(members['client_id']).toBeUndefined();
    expect(Object.getPrototypeOf(members)).toBeNull();
    expect(({} as Record<string, unknown>)['client_id']).toBeUndefined();
    expect(membersOf(Buffer.from('__proto__=1&client_id=2'))['client_id']).toBe('2');
  });

  it('is taken or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(Buffer.from)), (bytes) =>
        ['taken', 'invalid'].includes(refused(Buffer.from(bytes))),
      ),
    );
  });
});

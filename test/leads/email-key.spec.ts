import { describe, expect, it } from '@jest/globals';
import { isEmail } from 'class-validator';
import fc from 'fast-check';
import { emailKey } from '../../src/modules/leads/email-key.ts';

const keyOf = (email: string | null): string => {
  const result = emailKey(email);
  return 'key' in result ? result.key : result.code;
};

const MISSING = 'email.missing';
const INVALID = 'email.invalid';

describe('an e-mail address', () => {
  it.each<[why: string, email: string | null, key: string]>([
    ['as it should be', 'ada@example.com', 'ada@example.com'],
    ['in capitals', 'Ada.Lovelace@EXAMPLE.Com', 'ada.lovelace@example.com'],
    ['with blanks around', ' \t ada@example.com\r\n\u00A0', 'ada@example.com'],
    ['with a plus tag, which is not ours to fold', 'ada+news@example.com', 'ada+news@example.com'],
    ['with dots, which are not ours to fold', 'a.d.a@gmail.com', 'a.d.a@gmail.com'],
    ['composed (NFC)', 'zo\u00EB@example.com', 'zo\u00EB@example.com'],
    ['decomposed (NFD)', 'zoe\u0308@example.com', 'zo\u00EB@example.com'],
    ['in capitals outside of ASCII', 'ZOË@example.com', 'zoë@example.com'],
    ['with a long s, which is another letter', 'ſam@example.com', 'ſam@example.com'],
    ['with a Kelvin sign, which is a K', '\u212Aim@example.com', 'kim@example.com'],
    ['with a dotted capital I', 'İz@example.com', 'i\u0307z@example.com'],
    ['with a letter that is composed in lower case only', 'H\u0331@example.com', '\u1E96@example.com'],
    ['with a dotless i', 'ız@example.com', 'ız@example.com'],
    ['with full-width letters, which are others', 'ａｄａ@example.com', 'ａｄａ@example.com'],
    ['with a full-width domain', 'ada@ｅｘａｍｐｌｅ.com', 'ada@example.com'],
    ['with an ideographic full stop', 'ada@example。com', 'ada@example.com'],
    ['with an international domain', 'ada@bücher.example', 'ada@xn--bcher-kva.example'],
    ['with an international domain in capitals', 'ada@BÜCHER.example', 'ada@xn--bcher-kva.example'],
    ['with an international domain, decomposed', 'ada@bu\u0308cher.example', 'ada@xn--bcher-kva.example'],
    ['with the A-label of an international domain', 'ada@XN--Bcher-kva.example', 'ada@xn--bcher-kva.example'],
    ['in quotes', '"ada"@example.com', '"ada"@example.com'],
  ])('%s', (_, email, key) => {
    expect(keyOf(email)).toBe(key);
  });

  it.each<[why: string, email: string | null]>([
    ['absent', null],
    ['empty', ''],
    ['blank', ' \t\r\n\u00A0\uFEFF'],
  ])('is missing when it is %s', (_, email) => {
    expect(keyOf(email)).toBe(MISSING);
  });

  it.each<[why: string, email: string]>([
    ['nothing but a word', 'ada'],
    ['nothing but a domain', 'example.com'],
    ['nothing before the at', '@example.com'],
    ['nothing behind the at', 'ada@'],
    ['a full-width at', 'ada＠example.com'],
    ['two ats', 'ada@home@example.com'],
    ['two addresses', 'ada@example.com,bob@example.com'],
    ['two addresses with a blank', 'ada@example.com bob@example.com'],
    ['two addresses with a semicolon', 'ada@example.com;bob@example.com'],
    ['a name before it', 'Ada <ada@example.com>'],
    ['angle brackets', '<ada@example.com>'],
    ['mailto', 'mailto:ada@example.com?subject=x'],
    ['no top-level domain', 'ada@localhost'],
    ['an IP address', 'ada@127.0.0.1'],
    ['an IP address in short', 'ada@127.1'],
    ['an IP address literal', 'ada@[127.0.0.1]'],
    ['a port', 'ada@example.com:25'],
    ['a path', 'ada@example.com/home'],
    ['a path after a backslash', 'ada@example.com\\home'],
    ['a query', 'ada@example.com?home'],
    ['a fragment', 'ada@example.com#home'],
    ['a percent-encoded domain', 'ada@ex%61mple.com'],
    ['a final dot', 'ada@example.com.'],
    ['two dots', 'ada@example..com'],
    ['a dot at the beginning', '.ada@example.com'],
    ['an underscore in the domain', 'ada@exam_ple.com'],
    ['a hyphen at the beginning of the domain', 'ada@-example.com'],
    ['a zero-width space', 'a\u200Bda@example.com'],
    ['a zero-width space around', '\u200Bada@example.com'],
    ['a zero-width joiner in the domain', 'ada@exam\u200Dple.com'],
    ['a right-to-left override', 'ada\u202E@example.com'],
    ['a byte order mark inside', 'a\uFEFFda@example.com'],
    ['a soft hyphen', 'ada@exam\u00ADple.com'],
    ['a no-break space', 'ada\u00A0b@example.com'],
    ['a line break', 'ada\nb@example.com'],
    ['NUL', 'ada\0@example.com'],
    ['half a character', 'ada\ud83d@example.com'],
    ['a line break in quotes', '"\n"@iana.org'],
    ['a carriage return in quotes', '"\rtest"@iana.org'],
    ['a blank in quotes', '"ada lovelace"@example.com'],
    [
      'more than 254 characters',
      `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.com`,
    ],
    ['more than 64 characters before the at', `${'a'.repeat(65)}@example.com`],
  ])('is invalid when it has %s', (_, email) => {
    expect(keyOf(email)).toBe(INVALID);
  });

  it('says why in words that name no one', () => {
    expect(emailKey(null)).toEqual({ code: MISSING, detail: 'has no e-mail address' });
    expect(emailKey('ada')).toEqual({
      code: INVALID,
      detail: 'has an e-mail address that no mail could reach',
    });
  });
});

describe('the key of an e-mail address', () => {
  const letters = fc.constantFrom(
    ...Array.from('abzABZ09._+-\'"%&ßſıİKåÅéÉHhJj\u0331\u030C\u0301\u0307\u0323\u0345ΣσςΟ\u212A\uFF21'),
  );
  const local = fc.string({ unit: letters, minLength: 1, maxLength: 12 });
  const domain = fc.constantFrom(
    'example.com',
    'Example.ORG',
    'bücher.example',
    'ｅｘ.example',
    'xn--bcher-kva.example',
  );
  const address = fc.oneof(
    fc.tuple(local, domain).map(([before, after]) => `${before}@${after}`),
    fc.emailAddress(),
    fc.string({ unit: fc.oneof(letters, fc.constantFrom('@', '.', ' ', '/', '#', '\u200b')), maxLength: 30 }),
    fc.string({ unit: 'binary', maxLength: 30 }),
  );

  it('has itself for a key', () => {
    fc.assert(
      fc.property(address, (email) => {
        const result = emailKey(email);
        if ('key' in result) expect(keyOf(result.key)).toBe(result.key);
      }),
      { numRuns: 3_000 },
    );
  });

  it('is the same however the address is cased, composed and padded', () => {
    const ascii = fc.emailAddress();
    const spellings = fc.constantFrom<((email: string) => string)[]>(
      (email) => email.toUpperCase(),
      (email) => email.toLowerCase(),
      (email) => ` ${email}\n`,
      (email) => email.normalize('NFD'),
      (email) => email.replace(/^./, (first) => first.toUpperCase()),
    );
    fc.assert(
      fc.property(ascii, spellings, (email, spell) => {
        expect(keyOf(spell(email))).toBe(keyOf(email));
      }),
    );
  });

  it('is that of every address that a mail could reach, and only of those', () => {
    const letter = fc.constantFrom(...Array.from('abz019..--__++'));
    const plain = fc
      .tuple(fc.string({ unit: letter, maxLength: 8 }), fc.string({ unit: letter, maxLength: 8 }))
      .chain(([local, host]) =>
        fc.constantFrom(`${local}@${host}`, `${local}@${host}.com`, `${local}@x.${host}`),
      );
    const long = fc
      .tuple(
        fc.integer({ min: 60, max: 66 }),
        fc.integer({ min: 29, max: 66 }),
        fc.integer({ min: 1, max: 9 }),
      )
      .chain(([local, label, labels]) => {
        const host = fc.constantFrom('b'.repeat(label), `${'b-'.repeat(label >> 1)}b`);
        return host.map((name) => `${'a'.repeat(local)}@${`${name}.`.repeat(labels)}com`);
      });
    fc.assert(
      fc.property(fc.oneof(plain, long), (email) => {
        const isReachable = email.length <= 254 && isEmail(email);
        expect(keyOf(email)).toBe(isReachable ? email : INVALID);
        expect(keyOf(email.toUpperCase())).toBe(keyOf(email));
      }),
      { numRuns: 3_000 },
    );
  });

  it('has exactly one at, no blank, no capital and nothing invisible', () => {
    fc.assert(
      fc.property(address, (email) => {
        const result = emailKey(email);
        if (!('key' in result)) return;
        expect(result.key).toBe(result.key.toLowerCase());
        expect(result.key).not.toMatch(/[\p{C}\p{Z}]/u);
        expect(result.key.slice(result.key.lastIndexOf('@') + 1)).toMatch(/^[a-z0-9.-]+$/);
        expect(result.key.slice(0, result.key.lastIndexOf('@'))).not.toBe('');
      }),
      { numRuns: 3_000 },
    );
  });
});

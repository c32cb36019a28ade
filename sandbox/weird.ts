/** Records no client list should hold, as JSON texts. All but the shapeless ones have ids from 900,000,001. */
const ROWS = {
  null: 'null',
  text: '"Mia Lopez"',
  number: '42',
  list: '[]',
  'no-id': '{"name":"Nobody","email":"nobody@example.com","phone":"+4915100000001","is_deleted":"0"}',
  'null-id': '{"id":null,"name":"Nemo","email":"nemo@example.com","phone":"+4915100000002","is_deleted":"0"}',
  'object-id': '{"id":{"value":7},"name":"Otto","email":"otto@example.com","phone":"","is_deleted":"0"}',
  'no-name': '{"id":900000001,"email":"no-name@example.com","phone":"+4915100000003","is_deleted":"0"}',
  'null-name':
    '{"id":900000002,"name":null,"email":"null-name@example.com","phone":"+4915100000004","is_deleted":"0"}',
  'nested-name':
    '{"id":900000003,"name":{"first":"Ada","last":"Berg"},"email":"ada@example.com","phone":"","is_deleted":"0"}',
  'nested-email':
    '{"id":900000004,"name":"Ben Ost","email":["ben@example.com"],"phone":{"home":"1"},"is_deleted":"0"}',
  'number-phone':
    '{"id":900000005,"name":"Cleo Nord","email":"cleo@example.com","phone":4915112345678,"is_deleted":"0"}',
  nul: '{"id":900000006,"name":"Nul\\u0000Byte","email":"nul@example.com","phone":"+4915100000005","is_deleted":"0"}',
  surrogate:
    '{"id":900000007,"name":"Half \\ud83d","email":"half@example.com","phone":"+4915100000006","is_deleted":"0"}',
  deep: `{"id":900000008,"name":"Deep","email":"deep@example.com","phone":"","notes":${'['.repeat(5000)}${']'.repeat(5000)}}`,
  extra:
    '{"id":900000009,"name":"Eve Extra","email":"eve.extra@example.com","phone":"+4915100000007","is_deleted":"0","loyalty":{"points":7},"tags":["new"],"__proto__":{"admin":true}}',
  long: `{"id":900000010,"name":"${'Long '.repeat(20_000)}","email":"long@example.com","phone":"","is_deleted":"0"}`,
} as const;

export type WeirdKind = keyof typeof ROWS;

const isKind = (name: string): name is WeirdKind => Object.hasOwn(ROWS, name);

export const WEIRD_KINDS: readonly WeirdKind[] = Object.keys(ROWS).filter(isKind);

export const weirdRows = (kinds: readonly (WeirdKind | 'all')[]): string[] =>
  (kinds.includes('all') ? WEIRD_KINDS : WEIRD_KINDS.filter((kind) => kinds.includes(kind))).map(
    (kind) => ROWS[kind],
  );

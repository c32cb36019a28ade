/** A character says what is odd about it; what it does not say was never set. */
export type Character = {
  name: string;
  email: string | null;
  phone: string | null;
  address1?: string;
  state_id?: string;
};

/** The first clients of the ugly population: each flaw of a real list at least once, however few clients there are. */
export const CAST: readonly Character[] = [
  { name: 'Mia Lopez', email: 'mia@example.com', phone: '+4915112345678' },
  { name: 'Noah', email: '', phone: '07700 900123', address1: '', state_id: '0' },
  { name: 'Anna-Mia Lopez', email: 'Mia@Example.com', phone: '4915112345679' },
  { name: 'Zoë Ångström', email: 'zoe.angstrom@example.org', phone: '+11 (111) 111-11-11' },
  { name: "Siobhán O'Brien", email: "siobhan.o'brien@example.com", phone: '' },
  { name: 'Łukasz Żółć', email: 'lukasz@example.net', phone: null },
  { name: '3 Sisters Studio', email: '3sisters@example.com', phone: '4915112345680' },
  { name: 'מרים כהן', email: 'miriam.cohen@example.com', phone: '+972501234567' },
  { name: '<b>Bobby</b> <script>alert(1)</script>', email: 'bobby@example.com', phone: '07700 900124' },
  { name: 'Greta Blank  ', email: '  greta.blank@example.com ', phone: ' +4915112345681 ' },
  { name: 'Ivo Broken', email: 'ivo.broken(at)example.com', phone: '+4915112345682' },
  { name: 'Jun Unset', email: null, phone: '+4915112345683' },
  { name: 'NOAH', email: 'noah.second@example.com', phone: '07700 900123' },
  { name: '=HYPERLINK("http://example.com")', email: 'formula@example.com', phone: '+4915112345684' },
  { name: 'Kim 🧘‍♀️ Yoga', email: 'kim+yoga@example.com', phone: '+4915112345685' },
  { name: 'Two Addresses', email: 'one@example.com, two@example.com', phone: '+4915112345686' },
  { name: 'Jürgen Weiß', email: 'jürgen@example.com', phone: '0151 12345687' },
  { name: 'Émile Zoom', email: 'emile@exämple.com', phone: '+33612345678' },
];

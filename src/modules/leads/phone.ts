import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { CountryCode, PhoneNumber } from 'libphonenumber-js/max';

/** A phone number that could be dialled, as E.164 (`+4915112345678`), and the extension behind it. */
export type DiallablePhone = { e164: string; extension: string | null };

const LONGEST = 100; // characters; what is longer is no number
/** Marks that set the direction of a text and the like: seen by nobody, refused by the parser. */
const UNSEEN = /\p{Cf}/gu;
/** What says that a country follows, in either width. Asked first, because the parser takes long to find that none does. */
const PLUS = /[+\uFF0B]/;
const SHORTEST_ABROAD = 11; // digits of a number that is taken to begin with its country's calling code

/**
 * The number that a company in this country (ISO 3166-1 alpha-2; null: not known) means by this text; null when there is
 * none that could be dialled. Without a country only numbers that begin with `+` can be read. Digits that begin with the
 * country's own calling code are read as if the `+` had been left out, as SimplyBook.me lists them, when that makes a
 * number; short ones are not, because they are as likely local.
 */
export const diallable = (phone: string | null, country: string | null): DiallablePhone | null => {
  const text = phone?.replaceAll(UNSEEN, '').trim() ?? '';
  if (text === '' || text.length > LONGEST) return null;
  const home = country !== null && isSupportedCountry(country) ? country : undefined;
  if (home === undefined && !PLUS.test(text)) return null;
  const number = (home === undefined ? null : withoutPlus(text, home)) ?? read(text, home);
  return number === null ? null : { e164: number.number, extension: number.ext ?? null };
};

const read = (text: string, home: CountryCode | undefined): PhoneNumber | null => {
  const number = parsePhoneNumberFromString(text, {
    extract: false,
    ...(home !== undefined && { defaultCountry: home }),
  });
  return number?.isValid() === true ? number : null;
};

const withoutPlus = (text: string, home: CountryCode): PhoneNumber | null => {
  if (!/^[1-9]/.test(text) || text.replaceAll(/\D/g, '').length < SHORTEST_ABROAD) return null;
  const number = read(`+${text}`, undefined);
  return number?.country === home ? number : null;
};

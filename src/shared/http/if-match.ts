import { Refusal } from '../errors.ts';
import type { ExpectedVersions } from '../expected-version.ts';

const VERSION = /^(")?(\d{1,9})\1$/;
/** A weak tag never matches (RFC 9110, 8.8.3.2), and neither does one that we have not given. */
const OTHER_TAG = /^(W\/)?"[\x21\x23-\x7e]*"$/;

/** `If-Match: "3"`: the change is for version 3 only. Without the header, or with `*`, for any. */
export const expectedVersions = (header: string | undefined): ExpectedVersions => {
  if (header === undefined || header.trim() === '*') return null;
  return header.split(',').flatMap((tag) => {
    const version = VERSION.exec(tag.trim())?.[2];
    if (version !== undefined) return [Number(version)];
    if (OTHER_TAG.test(tag.trim())) return [];
    throw new Refusal('invalid', 'invalid-request', 'The header If-Match cannot be read.', {
      errors: [{ pointer: 'If-Match', detail: 'must be the version in quotes, for example "3"' }],
    });
  });
};
